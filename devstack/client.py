"""A small client of the REST API for the command line and the demo, as any customer has it."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias, TypeVar, cast
from uuid import uuid4

import httpx
from pydantic import JsonValue

from devstack.answers import (
    Answer,
    Contact,
    ContactImport,
    Execution,
    Provider,
    RefusedRow,
    StepLog,
    Summary,
    UnknownSend,
    Workflow,
)

_PAGE_SIZE = "200"

# What pages call their records, where it is not the name of the collection.
_MEMBERS = {"email-templates": "templates", "dead-letters": "dead_letters"}

JsonObject: TypeAlias = dict[str, JsonValue]


class GatewayError(RuntimeError):
    """The gateway refused a request or could not be reached; the message is for people."""


_M = TypeVar("_M", bound=Answer)


class GatewayClient:
    """Calls the gateway with one token. A context manager."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{base_url}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._http.close()

    def create_workflow(self, name: str, description: str) -> Workflow:
        """Create an empty workflow in `draft`."""
        body = {"name": name, "description": description}
        return _parsed(Workflow, self._post("workflows", body))

    def activate(self, workflow_id: str) -> Workflow:
        """Freeze the workflow's draft and let executions start."""
        return _parsed(Workflow, self._post(f"workflows/{workflow_id}/activate", {}))

    def archive(self, workflow_id: str) -> None:
        """Put a workflow aside for good."""
        self._post(f"workflows/{workflow_id}/archive", {})

    def has_email_template(self, template_id: str) -> bool:
        """Tell whether the account has this template."""
        response = self._send("GET", f"email-templates/{template_id}", accept=(404,))
        return response.status_code != 404

    def create_email_template(self, body: Mapping[str, JsonValue]) -> None:
        """Create an email template under the id in `body`."""
        self._post("email-templates", body)

    def records(self, path: str, **filters: str) -> Iterator[JsonObject]:
        """Go through all records of a collection, such as `teams` or `custom-fields`."""
        member = _MEMBERS.get(path) or path.rpartition("/")[2].replace("-", "_")
        for page in self._pages(path, filters):
            yield from cast(list[JsonObject], page[member])

    def read(self, path: str) -> JsonObject:
        """What is at `path`."""
        return cast(JsonObject, self._send("GET", path).json())

    def create(self, path: str, body: Mapping[str, JsonValue]) -> JsonObject:
        """Create a record in a collection."""
        return self._post(path, body)

    def change(self, path: str, body: Mapping[str, JsonValue]) -> JsonObject:
        """Change the record at `path`; what `body` leaves out stays as it is."""
        return cast(JsonObject, self._send("PATCH", path, body).json())

    def replace(self, path: str, body: Mapping[str, JsonValue]) -> None:
        """Replace what is at `path`."""
        self._send("PUT", path, body)

    def start_import(
        self,
        file: BinaryIO | bytes,
        *,
        file_name: str,
        duplicates: str,
        columns: Sequence[str] = (),
    ) -> ContactImport:
        """Upload a CSV file of contacts; `columns` are as `Mail=email`."""
        params = {"file_name": file_name, "duplicates": duplicates, "columns": list(columns)}
        response = self._send("POST", "contact-imports", params=params, file=file)
        return _parsed(ContactImport, response.json())

    def contact_import(self, import_id: str) -> ContactImport:
        """How far an import is."""
        return _parsed(ContactImport, self._send("GET", f"contact-imports/{import_id}").json())

    def refused_rows(self, import_id: str) -> Iterator[RefusedRow]:
        """Go through the rows that an import refused."""
        for page in self._pages(f"contact-imports/{import_id}/refused-rows", {}):
            yield from _parsed_list(RefusedRow, page["refused_rows"])

    def contacts(self) -> Iterator[Contact]:
        """Go through all contacts of the account, newest first."""
        for page in self._pages("contacts", {}):
            yield from _parsed_list(Contact, page["contacts"])

    def create_contacts(self, contacts: Sequence[Mapping[str, JsonValue]]) -> list[str]:
        """Create up to 1,000 contacts, all or none; return their ids in order."""
        body: dict[str, JsonValue] = {"contacts": [dict(contact) for contact in contacts]}
        return cast(list[str], self._post("contacts/batch", body)["contact_ids"])

    def start_executions(self, workflow_id: str, contact_ids: Sequence[str]) -> list[str]:
        """Run the workflow for up to 1,000 contacts, all or none; return the executions' ids."""
        body: dict[str, JsonValue] = {"contact_ids": list(contact_ids)}
        answer = self._post(f"workflows/{workflow_id}/executions", body)
        return cast(list[str], answer["execution_ids"])

    def providers(self) -> list[Provider]:
        """How the account's calls to providers stand."""
        page = cast(dict[str, JsonValue], self._send("GET", "providers").json())
        return _parsed_list(Provider, page["providers"])

    def reset_provider(self, peer: str) -> None:
        """Let calls to a provider go through again."""
        self._post(f"providers/{peer}/reset", {})

    def summary(self, workflow_id: str) -> Summary:
        """How the workflow's executions stand, by state and by step."""
        response = self._send("GET", f"workflows/{workflow_id}/executions/summary")
        return _parsed(Summary, response.json())

    def executions(self, workflow_id: str, contact_id: str) -> list[Execution]:
        """One contact's executions of the workflow, newest first."""
        path, query = "executions", {"workflow_id": workflow_id, "contact_id": contact_id}
        pages = self._pages(path, query)
        return [item for page in pages for item in _parsed_list(Execution, page["executions"])]

    def step_logs(self, execution_id: str) -> list[StepLog]:
        """The steps of one execution, in the order in which they came to be."""
        pages = self._pages(f"executions/{execution_id}/actions", {})
        return [item for page in pages for item in _parsed_list(StepLog, page["action_executions"])]

    def action_executions(self, execution_id: str) -> Iterator[JsonObject]:
        """The log of one execution as it is, in the order in which its entries came to be."""
        for page in self._pages(f"executions/{execution_id}/actions", {}):
            yield from cast(list[JsonObject], page["action_executions"])

    def resolve_unknown_send(self, send_id: str, body: Mapping[str, JsonValue]) -> UnknownSend:
        """Says what became of a message."""
        return _parsed(UnknownSend, self._post(f"unknown-sends/{send_id}/resolve", body))

    def resolve_unknown_sends(
        self, ids: Sequence[str], resolution: str, reason: str
    ) -> tuple[list[str], list[str]]:
        """Says the same of many; returns those that were decided, and those that were not."""
        body: JsonObject = {"ids": list(ids), "resolution": resolution, "reason": reason}
        answer = self._post("unknown-sends/resolve", body)
        return cast(list[str], answer["resolved_ids"]), cast(list[str], answer["left_ids"])

    def _post(self, path: str, body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        return cast(dict[str, JsonValue], self._send("POST", path, body).json())

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, JsonValue]]:
        token = ""
        while True:
            params = {**query, "page_size": _PAGE_SIZE} | ({"page_token": token} if token else {})
            page = cast(dict[str, JsonValue], self._send("GET", path, params=params).json())
            yield page
            token = cast(str | None, page["next_page_token"]) or ""
            if not token:
                return

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        params: Mapping[str, str | list[str]] | None = None,
        accept: Sequence[int] = (),
        file: BinaryIO | bytes | None = None,
    ) -> httpx.Response:
        headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
        if file is not None:
            headers["Content-Type"] = "text/csv"
        try:
            response = self._http.request(
                method, path, json=body, content=file, params=params, headers=headers
            )
        except httpx.HTTPError as error:
            raise GatewayError(f"{self._http.base_url} cannot be reached: {error}") from error
        if response.is_success or response.status_code in accept:
            return response
        raise GatewayError(_explained(method, path, response))


def _parsed(model: type[_M], value: object) -> _M:
    return model.model_validate(value)


def _parsed_list(model: type[_M], value: JsonValue) -> list[_M]:
    return [model.model_validate(item) for item in cast(list[object], value)]


def _explained(method: str, path: str, response: httpx.Response) -> str:
    """Put a problem document (RFC 9457) into words."""
    head = f"{method} {path}: {response.status_code}"
    try:
        problem = cast(dict[str, JsonValue], response.json())
    except ValueError:
        return head
    lines = [f"{head} {problem.get('detail') or problem.get('title') or ''}".rstrip()]
    for item in cast(list[dict[str, str]], problem.get("errors") or []):
        place = item.get("pointer") or item.get("parameter") or item.get("field") or ""
        lines.append(f"  {place}: {item.get('detail', '')}")
    return "\n".join(lines)
