"""Narrowing of unchecked JSON, so that the rest of the package stays typed."""

from collections.abc import Mapping, Sequence
from typing import cast


def as_object(value: object) -> Mapping[str, object] | None:
    """The value when it is an object, else None."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def as_list(value: object) -> Sequence[object] | None:
    """The value when it is a list, else None."""
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else None
