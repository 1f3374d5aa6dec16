"""The REST API in few words, as a customer of an account uses it."""

from collections.abc import Iterator, Sequence
from typing import Any

import httpx

Json = dict[str, Any]

ENDED = ("completed", "failed", "cancelled")


def ok(answer: httpx.Response) -> httpx.Response:
    """The answer, which must be a good one."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer


def step(action_type: str, called: str = "", /, **config: Any) -> Json:
    """A step with this configuration; it is named after its type when nothing else is given."""
    return {
        "action_type": action_type,
        "action_config": config,
        "name": called or action_type,
    }


def tag(name: str, **more: Any) -> Json:
    """A step that adds a tag; it is named after the tag."""
    config = {"tag_name": name}
    return {"action_type": "add_tag", "action_config": config, "name": name} | more


def increment(field: str, by: int = 1, *, name: str = "count") -> Json:
    """A step that adds to a number of the contact's own fields."""
    config = {
        "field_updates": [{"field": f"custom_fields.{field}", "value": by}],
        "update_mode": "increment",
    }
    return {"action_type": "update_contact", "action_config": config, "name": name}


def wait(duration: int, unit: str = "seconds", **more: Any) -> Json:
    """A step that waits."""
    config = {"duration": duration, "unit": unit}
    return {"action_type": "wait_time", "action_config": config, "name": "wait"} | more


def text_message(message: str = "Hello {{contact.first_name}}", **more: Any) -> Json:
    """A step that sends a text message at any hour."""
    config = {"message": message, "from_number": "+14155550100", "respect_quiet_hours": False}
    return {"action_type": "send_sms", "action_config": config, "name": "text"} | more


def webhook(url: str, **config: Any) -> Json:
    """A step that posts the contact's id to `url`; `config` is more of its configuration."""
    config |= {"url": url, "method": "POST", "payload": {"contact": "{{contact.id}}"}}
    return {"action_type": "webhook_call", "action_config": config, "name": "hook"}


class Customer:
    """Calls the gateway with one token; what is refused fails the test."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def get(self, path: str, **params: Any) -> Json:
        """The resource at a path under /api/v1/."""
        return ok(self.http.get(f"/api/v1/{path}", params=params)).json()

    def post(self, path: str, body: Json | None = None) -> Json:
        """The answer to a POST."""
        return ok(self.http.post(f"/api/v1/{path}", json=body)).json()

    def put(self, path: str, body: Json) -> Json:
        """The answer to a PUT."""
        return ok(self.http.put(f"/api/v1/{path}", json=body)).json()

    def items(self, path: str, name: str, **params: Any) -> Iterator[Json]:
        """Everything in a list, page by page."""
        token: str | None = ""
        while token is not None:
            more = {"page_token": token} if token else {}
            page = self.get(path, page_size=200, **params, **more)
            yield from page[name]
            token = page["next_page_token"]

    def draft(self, *steps: Json) -> str:
        """The id of a new workflow with these steps."""
        workflow = self.post("workflows", {"name": "Journey"})["id"]
        for step in steps:
            self.post(f"workflows/{workflow}/actions", step)
        return workflow

    def workflow(self, *steps: Json) -> str:
        """The id of a new workflow with these steps that is active."""
        workflow = self.draft(*steps)
        self.post(f"workflows/{workflow}/activate")
        return workflow

    def steps(self, workflow: str) -> dict[str, Json]:
        """The workflow's steps by name, in their order."""
        return {
            step["name"]: step for step in self.items(f"workflows/{workflow}/actions", "actions")
        }

    def people(self, count: int, *, first: int = 0) -> list[str]:
        """The ids of new contacts, each with a telephone number of its own."""
        numbers = range(first, first + count)
        people = [{"first_name": f"N{n}", "phone": phone(n)} for n in numbers]
        return self.post("contacts/batch", {"contacts": people})["contact_ids"]

    def start(self, workflow: str, contacts: Sequence[str]) -> list[str]:
        """The ids of the workflow's new executions, one for each contact."""
        body = {"contact_ids": list(contacts)}
        return self.post(f"workflows/{workflow}/executions", body)["execution_ids"]

    def execution(self, execution: str) -> Json:
        """An execution."""
        return self.get(f"executions/{execution}")

    def ended(self, execution: str) -> bool:
        """Tell whether an execution has ended."""
        return self.execution(execution)["state"] in ENDED

    def log(self, execution: str) -> list[Json]:
        """The steps that an execution has come by, in the order in which they came to be."""
        return list(self.items(f"executions/{execution}/actions", "action_executions"))

    def contact(self, contact: str) -> Json:
        """A contact."""
        return self.get(f"contacts/{contact}")


def phone(number: int) -> str:
    """The telephone number of the contact with this number, from 0."""
    return f"+1415555{number:04}"


def told(log: Sequence[Json]) -> list[tuple[str, str]]:
    """The names of a log's steps and how they stand."""
    return [(step["action_name"], step["status"]) for step in log]
