"""Contacts and email templates, and what may stand in them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from action_service.domain.plan import Json

MAX_NAME = 200
MAX_EMAIL = 254
MAX_CUSTOM_FIELDS = 200
MAX_CUSTOM_FIELDS_BYTES = 65_536
_MAX_FIELD_NAME = 100
# As in `custom_fields.<name>` of templates and of update_contact.
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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


def timezone_problem(name: str) -> str | None:
    """Why `name` is no zone of the IANA database; None when it is one."""
    # No ZoneInfo(name): that opens files by whatever path the name spells.
    if name in available_timezones():
        return None
    return "is no IANA time zone such as Europe/Berlin"


def custom_fields_problems(fields: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """What is wrong with custom fields, as (path below `custom_fields`, description)."""
    problems: list[tuple[str, str]] = []
    if len(fields) > MAX_CUSTOM_FIELDS:
        problems.append(("", f"has more than {MAX_CUSTOM_FIELDS} fields"))
    elif len(json.dumps(fields)) > MAX_CUSTOM_FIELDS_BYTES:
        problems.append(("", f"is larger than {MAX_CUSTOM_FIELDS_BYTES} bytes as JSON"))
    for name, value in fields.items():
        if len(name) > _MAX_FIELD_NAME or not _FIELD_NAME.fullmatch(name):
            problems.append(
                (f".{name[:_MAX_FIELD_NAME]}", "a name is letters, digits and _, up to 100")
            )
        elif isinstance(value, dict | list):
            problems.append((f".{name}", "must be text, a number, a boolean or null"))
    return tuple(problems)


def merged_custom_fields(stored: Mapping[str, Json], given: Mapping[str, Json]) -> dict[str, Json]:
    """`stored` with the fields of `given` put over it; a null removes."""
    together = {**stored, **given}
    return {name: value for name, value in together.items() if value is not None}
