"""Contacts and email templates, and what may stand in them."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from action_service.domain.plan import Json

MAX_CUSTOM_FIELDS = 200
MAX_CUSTOM_FIELDS_BYTES = 65_536
_MAX_FIELD_NAME = 64
_MAX_DEPTH = 8
# As in `custom_fields.<name>` of templates and of update_contact.
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class ContactValues:
    """What can be set on a contact; None is not known."""

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = None
    owner_id: UUID | None = None
    custom_fields: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Contact:
    """A person that workflows run for."""

    id: UUID
    values: ContactValues
    tags: tuple[str, ...]
    revision: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """The body of send_email; both bodies are Liquid."""

    id: UUID
    name: str
    html_body: str
    text_body: str
    created_at: datetime
    updated_at: datetime


def contact_facts(values: ContactValues) -> dict[str, Json]:
    """The values by the names that people know: as the audit log and events have them."""
    return {
        "email": values.email,
        "phone": values.phone,
        "first_name": values.first_name,
        "last_name": values.last_name,
        "timezone": values.timezone,
        "owner_id": None if values.owner_id is None else str(values.owner_id),
        **{f"custom_fields.{name}": value for name, value in values.custom_fields.items()},
    }


def is_field_name(name: str) -> bool:
    """Whether a custom field can be called so."""
    return len(name) <= _MAX_FIELD_NAME and _FIELD_NAME.fullmatch(name) is not None


def custom_fields_problems(fields: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """What is wrong with custom fields, as (path below `custom_fields`, description)."""
    problems: list[tuple[str, str]] = []
    if len(fields) > MAX_CUSTOM_FIELDS:
        problems.append(("", f"must have at most {MAX_CUSTOM_FIELDS} fields"))
    elif len(json.dumps(fields)) > MAX_CUSTOM_FIELDS_BYTES:
        problems.append(("", f"must have at most {MAX_CUSTOM_FIELDS_BYTES:,} bytes as JSON"))
    for name, value in fields.items():
        shown = f".{name[:_MAX_FIELD_NAME]}"
        if not is_field_name(name):
            problems.append((shown, f"a name is up to {_MAX_FIELD_NAME} letters, digits, _ or -"))
        elif problem := json_problem(value):
            problems.append((shown, problem))
    return tuple(problems)


def json_problem(value: Json, *, depth: int = _MAX_DEPTH) -> str | None:
    """Why a JSON value cannot be stored; None when it can."""
    if isinstance(value, str):
        return "must not contain a NUL character" if "\0" in value else None
    if isinstance(value, float):
        return None if math.isfinite(value) else "must be a finite number"
    if isinstance(value, dict | list) and depth == 0:
        return "is nested too deeply"
    items: list[Json] = []
    if isinstance(value, dict):
        items = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        items = value
    found = (json_problem(item, depth=depth - 1) for item in items)
    return next((problem for problem in found if problem), None)


def merged_custom_fields(stored: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    """`stored` with the fields of `given` put over it; a null removes."""
    together = {**stored, **given}
    return {name: value for name, value in together.items() if value is not None}
