"""What tables of cases are made of."""

from dataclasses import dataclass
from typing import Any

UUID = "550e8400-e29b-41d4-a716-446655440000"


@dataclass(frozen=True)
class Case:
    """Values of one field; `wrong` maps a part of the expected description to a value."""

    type: str
    path: str
    right: tuple[Any, ...]
    wrong: tuple[tuple[str, Any], ...]


MALFORMED_TEXT = ("must be text, not a number", 7)
BAD_LIQUID = ("is not a valid template: '{{' is never closed", "{{ contact.first_name")
UNKNOWN_VALUE = ("did you mean 'contact'?", "{{ contat.first_name }}")
BAD_EMAIL = "must be an email address"
BAD_URL = "must be an absolute http or https URL"
BAD_TIME = "must be a 24-hour time HH:MM"
BOOLEAN = ("must be true or false, not text", "true")


def placed(config: dict[str, Any], loc: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """A copy of `config` with `value` at `loc`; lists and objects on the way are made."""
    copy: Any = dict(config)
    head, rest = loc[0], loc[1:]
    copy[head] = _placed(copy.get(head), rest, value)
    return copy


def _placed(current: Any, loc: tuple[str | int, ...], value: object) -> Any:
    if not loc:
        return value
    head, rest = loc[0], loc[1:]
    if isinstance(head, int):
        items: list[Any] = list(current or [])
        items += [None] * (head + 1 - len(items))
        items[head] = _placed(items[head], rest, value)
        return items
    return placed(dict(current or {}), loc, value)
