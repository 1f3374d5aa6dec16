"""Words for what people mistype: names cut to a bearable length, and what they may have meant."""

import difflib
from collections.abc import Iterable

_MAX_NAME = 60


def short(name: str) -> str:
    """A name, cut when it is very long."""
    return name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"


def hint(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` when a known name is close."""
    close = difflib.get_close_matches(name[:_MAX_NAME], list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
