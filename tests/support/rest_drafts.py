"""A draft over REST, and how to say that a change of it was refused."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.account import Account


@dataclass(frozen=True)
class Draft:
    """A workflow with one `add_tag` step, and a client that may edit it."""

    http: httpx.Client
    id: str
    step: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/api/v1/workflows/{self.id}"

    @property
    def actions(self) -> str:
        return f"{self.path}/actions"

    def state(self) -> tuple[Any, ...]:
        """Everything about the workflow that a refused change must leave as it was."""
        return tuple(
            ok(self.http.get(path)).json()
            for path in (self.path, self.actions, f"{self.path}/audit")
        )


def ok(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, answer.text
    return answer


def new_workflow(http: httpx.Client, name: str = "Welcome") -> str:
    return ok(http.post("/api/v1/workflows", json={"name": name})).json()["id"]


def new_draft(account: Account) -> Draft:
    """A draft of the account's own, with one step."""
    http = account.http("editor")
    workflow = new_workflow(http)
    body = {"action_type": "add_tag", "action_config": {"tag_name": "new"}}
    step = ok(http.post(f"/api/v1/workflows/{workflow}/actions", json=body)).json()
    return Draft(http, workflow, step)


def tagging(**config: object) -> dict[str, object]:
    return {"action_type": "add_tag", "action_config": config}


def refused(answer: httpx.Response, status: int, reason: str, pointers: set[str]) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["reason"]) == (status, reason)
    assert {e["pointer"] for e in problem.get("errors", ()) if "pointer" in e} == pointers
