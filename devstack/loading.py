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

`${name}` in a value is replaced by what the caller knows under that name, as the simulator's URL.
A contact file's columns are those of a contact; `custom_fields.<name>` fills a custom field.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from devstack.client import GatewayClient, GatewayError, Workflow

_BATCH = 1_000
_VARIABLE = re.compile(r"\$\{(\w+)\}")
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
    allow_incomplete: bool | None = None


class WorkflowFile(BaseModel):
    """A workflow file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    email_templates: tuple[TemplateEntry, ...] = ()
    actions: tuple[ActionEntry, ...] = Field(min_length=1)


def read_workflow(path: Path, known: Mapping[str, str]) -> WorkflowFile:
    """Read a workflow file, with its `${…}` replaced. Raises FileError."""
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
        return WorkflowFile.model_validate(_filled_in(content, known))
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
        for action in file.actions:
            client.add_action(workflow.id, _body(action))
    except GatewayError:
        # Half of it is of no use, and in the way of a second try.
        client.archive(workflow.id)
        raise
    return workflow


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


def _filled_in(value: object, known: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: known[match[1]], value)
    if isinstance(value, list):
        return [_filled_in(item, known) for item in cast(list[object], value)]
    if isinstance(value, dict):
        items = cast(dict[object, object], value).items()
        return {key: _filled_in(item, known) for key, item in items}
    return value
