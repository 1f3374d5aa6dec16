"""Workflow files (YAML) and contact files (CSV): how they read, and how they get into Treadle.

A workflow file:

    name: Welcome
    description: What it is for.
    email_templates:          # created when the account has no template of this id
      - id: 6f3a…             # any UUID
        name: Welcome
        html_body: <p>Hello {{contact.first_name}}</p>
    actions:                  # in order; the keys are those of POST /api/v1/workflows/{id}/actions
      - name: welcome
        action_type: send_email
        action_config: {template_id: 6f3a…, …}
        on_error: fallback
        fallback: by_sms        # the name of an action
    branches:                 # paths of their own, in which actions may go on
      - name: Not opened
        after: opened         # the action that leads there
        actions: […]

`${name}` in a value is replaced by what the caller knows under that name, as the simulator's URL;
`${actions.welcome}` and `${branches.Not opened}` by the ids of the file's own actions and branches.
A contact file's columns are those of a contact; `custom_fields.<name>` fills a custom field.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from devstack.answers import Workflow
from devstack.client import GatewayClient, GatewayError

_BATCH = 1_000
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_OWN: Final = re.compile(r"\$\{((?:actions|branches)\.[^}]+)\}")
_CUSTOM = "custom_fields."
_COLUMNS = frozenset({"email", "phone", "first_name", "last_name", "timezone"})

ContactBody = dict[str, JsonValue]


class FileError(ValueError):
    """A file does not say what it should; names the file and the place."""


class TemplateEntry(BaseModel):
    """An email template in a workflow file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    html_body: str
    text_body: str | None = None


class ActionEntry(BaseModel):
    """An action in a workflow file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = None
    action_type: str
    action_config: dict[str, JsonValue] | None = None
    is_enabled: bool | None = None
    on_error: str | None = None
    fallback: str | None = None
    allow_incomplete: bool | None = None

    @property
    def refers(self) -> bool:
        """Whether it names other actions, or branches."""
        return self.fallback is not None or any(own_references(self.action_config))


class BranchEntry(BaseModel):
    """A branch in a workflow file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    after: str
    actions: tuple[ActionEntry, ...] = Field(min_length=1)


class WorkflowFile(BaseModel):
    """A workflow file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    email_templates: tuple[TemplateEntry, ...] = ()
    actions: tuple[ActionEntry, ...] = Field(min_length=1)
    branches: tuple[BranchEntry, ...] = ()

    @property
    def placed_actions(self) -> Iterator[tuple[str, BranchEntry | None, ActionEntry]]:
        """All actions, each with its place in the file and the branch that it is on."""
        for index, action in enumerate(self.actions):
            yield f"actions.{index}", None, action
        for at, branch in enumerate(self.branches):
            for index, action in enumerate(branch.actions):
                yield f"branches.{at}.actions.{index}", branch, action

    @model_validator(mode="after")
    def _names_fit(self) -> "WorkflowFile":
        problems = [*_name_problems(self)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def read_workflow(path: Path, known: Mapping[str, str]) -> WorkflowFile:
    """Read a workflow file, with its `${…}` replaced. Raises FileError."""
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
        return WorkflowFile.model_validate(_replaced(content, _VARIABLE, known))
    except KeyError as error:
        raise FileError(f"{path}: nothing is known as ${{{error.args[0]}}}") from None
    except yaml.YAMLError as error:
        raise FileError(f"{path}: {error}") from None
    except ValidationError as error:
        raise FileError(f"{path}: {problems_of(error)}") from None


def problems_of(error: ValidationError) -> str:
    """What is wrong with a file, each with its place."""
    return "; ".join(
        f"{'.'.join(map(str, item['loc']))}: {item['msg']}" if item["loc"] else item["msg"]
        for item in error.errors(include_url=False)
    )


def read_contacts(path: Path) -> list[ContactBody]:
    """Read a contact file. Empty cells are left out. Raises FileError."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        columns = reader.fieldnames or ()
        unknown = [c for c in columns if c not in _COLUMNS and not c.startswith(_CUSTOM)]
        if not columns or unknown:
            allowed = ", ".join([*sorted(_COLUMNS), f"{_CUSTOM}<name>"])
            raise FileError(f"{path}: columns {unknown} are none of {allowed}")
        try:
            return [_contact(path, reader.line_num, row) for row in reader]
        except csv.Error as error:
            raise FileError(f"{path}, line {reader.line_num}: {error}") from None


def load_workflow(client: GatewayClient, file: WorkflowFile) -> Workflow:
    """Create the file's templates, where missing, and a new draft workflow with its actions."""
    for template in file.email_templates:
        if not client.has_email_template(template.id):
            client.create_email_template(_body(template))
    workflow = client.create_workflow(file.name, file.description)
    try:
        _Draft(client, workflow.id).fill(file)
    except GatewayError:
        # Half of it is of no use, and in the way of a second try.
        client.archive(workflow.id)
        raise
    return workflow


class _Draft:
    """A workflow that is being filled from a file."""

    def __init__(self, client: GatewayClient, workflow_id: str) -> None:
        self._client = client
        self._path = f"workflows/{workflow_id}"
        # By `actions.<name>` and `branches.<name>`.
        self._ids: dict[str, str] = {}
        self._referring: list[tuple[str, ActionEntry]] = []

    def fill(self, file: WorkflowFile) -> None:
        """Add all there is; what refers to others is completed when they are there."""
        self._add(file.actions, None)
        for branch in file.branches:
            body = {"name": branch.name, "parent_action_id": self._ids[f"actions.{branch.after}"]}
            made = self._client.create(f"{self._path}/branches", body)
            self._ids[f"branches.{branch.name}"] = str(made["id"])
            self._add(branch.actions, str(made["id"]))
        for action_id, action in self._referring:
            body = _body(action)
            if action.fallback is not None:
                body["fallback_action_id"] = self._ids[f"actions.{body.pop('fallback')}"]
            for settled in ("action_type", "name", "is_enabled"):
                body.pop(settled, None)
            self._client.replace(f"{self._path}/actions/{action_id}", with_own_ids(body, self._ids))

    def _add(self, actions: Sequence[ActionEntry], branch_id: str | None) -> None:
        for action in actions:
            body = _body(action)
            if action.refers:
                for later in ("action_config", "on_error", "fallback"):
                    body.pop(later, None)
            if branch_id is not None:
                body["branch_id"] = branch_id
            action_id = str(self._client.create(f"{self._path}/actions", body)["id"])
            if action.name is not None:
                self._ids[f"actions.{action.name}"] = action_id
            if action.refers:
                self._referring.append((action_id, action))


def load_contacts(client: GatewayClient, contacts: Sequence[ContactBody]) -> list[str]:
    """Create the contacts whose email the account does not have; return the ids of all, in order.

    A contact without an email is always created: nothing tells whether it is there.
    """
    ids = {c.email.lower(): c.id for c in client.contacts() if c.email}
    new = [c for c in contacts if _email(c) not in ids]
    created: dict[int, str] = {}
    for start in range(0, len(new), _BATCH):
        batch = new[start : start + _BATCH]
        for contact, contact_id in zip(batch, client.create_contacts(batch), strict=True):
            created[id(contact)] = contact_id
    return [created.get(id(contact)) or ids[_email(contact)] for contact in contacts]


def _email(contact: ContactBody) -> str:
    return str(contact.get("email", "")).lower()


def _body(entry: BaseModel) -> dict[str, JsonValue]:
    return cast(dict[str, JsonValue], entry.model_dump(exclude_none=True))


def _contact(path: Path, line: int, row: Mapping[str | None, object]) -> ContactBody:
    # DictReader gathers surplus cells under None and gives None to missing ones.
    if None in row or None in row.values():
        raise FileError(f"{path}, line {line}: its number of cells is not that of the head")
    body: ContactBody = {}
    custom: dict[str, JsonValue] = {}
    for column, value in cast(dict[str, str], row).items():
        if value and column.startswith(_CUSTOM):
            custom[column.removeprefix(_CUSTOM)] = value
        elif value:
            body[column] = value
    if custom:
        body["custom_fields"] = custom
    return body


def own_references(value: JsonValue) -> Iterator[str]:
    """What a value names of its own workflow: `actions.<name>`, `branches.<name>`."""
    match value:
        case str():
            yield from _OWN.findall(value)
        case list():
            for item in value:
                yield from own_references(item)
        case dict():
            for item in value.values():
                yield from own_references(item)
        case _:
            return


def with_own_ids(body: Mapping[str, JsonValue], ids: Mapping[str, str]) -> dict[str, JsonValue]:
    """A body with the ids of what it names of its own workflow."""
    return cast(dict[str, JsonValue], _replaced(body, _OWN, ids))


def _name_problems(file: WorkflowFile) -> Iterator[str]:
    """Names that are there twice, and those that nothing in the file has."""
    actions = [action.name for _, _, action in file.placed_actions if action.name is not None]
    branches = [branch.name for branch in file.branches]
    for kind, names in (("actions", actions), ("branches", branches)):
        yield from (
            f"{kind}: {name!r} is there twice" for name in {n for n in names if names.count(n) > 1}
        )
    known = {f"actions.{name}" for name in actions} | {f"branches.{name}" for name in branches}
    for place, _, action in file.placed_actions:
        named = [(f"{place}.action_config", each) for each in own_references(action.action_config)]
        if action.fallback is not None:
            named.append((f"{place}.fallback", f"actions.{action.fallback}"))
        yield from (f"{at}: {_unknown(each, known)}" for at, each in named if each not in known)
    before = {action.name for action in file.actions}
    for index, branch in enumerate(file.branches):
        if branch.after not in before:
            yield (
                f"branches.{index}.after: there is no action {branch.after!r} before the branch;"
                " name one that stands further up"
            )
        before |= {action.name for action in branch.actions}


def _unknown(reference: str, known: set[str]) -> str:
    kind, _, name = reference.partition(".")
    there = ", ".join(sorted(each.partition(".")[2] for each in known if each.startswith(kind)))
    what = "branch" if kind == "branches" else "action"
    return f"the workflow has no {what} {name!r}, but {there or 'none with a name'}"


def _replaced(value: object, pattern: re.Pattern[str], known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return pattern.sub(lambda match: known[match[1]], value)
    if isinstance(value, list):
        return [_replaced(item, pattern, known) for item in cast(list[object], value)]
    if isinstance(value, Mapping):
        items = cast(Mapping[object, object], value).items()
        return {key: _replaced(item, pattern, known) for key, item in items}
    return value
