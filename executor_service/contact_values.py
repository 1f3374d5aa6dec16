"""Values of a contact's built-in fields, in the form in which they are stored."""

from collections.abc import Callable, Mapping
from uuid import UUID

from common.contact_fields import (
    email_problem,
    name_problem,
    phone_problem,
    timezone_problem,
    user_id_problem,
)
from common.phone_numbers import e164


def stored(field: str, text: str) -> str | None:
    """What is stored for `text`, None for a blank; raises ValueError when it does not fit."""
    text = text.strip()
    problem, form = BUILT_IN[field]
    if found := problem(text):
        raise ValueError(found)
    # A blank is no value, as when the api sets it.
    return form(text) or None


def _unchanged(text: str) -> str:
    return text


# Per field: why a text is no value for it, and the form in which it is stored.
BUILT_IN: Mapping[str, tuple[Callable[[str], str | None], Callable[[str], str | None]]] = {
    "first_name": (name_problem, _unchanged),
    "last_name": (name_problem, _unchanged),
    "email": (email_problem, _unchanged),
    "phone": (phone_problem, e164),
    "timezone": (timezone_problem, _unchanged),
    "owner_id": (user_id_problem, lambda text: str(UUID(text))),
}
