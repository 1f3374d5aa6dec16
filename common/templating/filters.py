"""Filters of the dialect: python-liquid's, each behind a guard, and a few of our own.

The guard is what makes a chain of filters bounded: `replace` and `join` multiply sizes, ranges are
lazy until a filter walks them, and a handful of list filters compare every pair.
"""

import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from liquid.builtin.filters.misc import date as liquid_date
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.undefined import Undefined

MAX_CHARS = 1 << 20
MAX_ITEMS = 5_000

Filter = Callable[..., object]


class LimitExceededError(LiquidError):
    """The template asks for more than its budget of work or memory."""


def _too_much(what: str) -> LimitExceededError:
    return LimitExceededError(what, token=None)


def weight(value: object) -> int:
    """Rough size of a value: characters, or items of eight."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple | dict | range):
        return 8 * len(cast("Sequence[object]", value)) + 8
    return 8


def cost(name: str, value: object) -> int:
    """Steps that a filter takes on a value; `uniq` compares every pair."""
    if name == "uniq" and isinstance(value, list | tuple):
        items = len(cast("Sequence[object]", value))
        return 1 + items * items // 32
    return 1 + weight(value) // 256


def check_size(value: object) -> None:
    """Refuse a string, list or range that is too large to work on."""
    if isinstance(value, str):
        if len(value) > MAX_CHARS:
            raise _too_much(f"a text grows beyond {MAX_CHARS:,} characters")
    elif (
        isinstance(value, list | tuple | range) and len(cast("Sequence[object]", value)) > MAX_ITEMS
    ):
        raise _too_much(f"a list grows beyond {MAX_ITEMS:,} items")


def _check_growth(name: str, value: object, args: Sequence[object]) -> None:
    """Refuse the two filters that multiply sizes before they have built the result."""
    if name == "replace" and args:
        text, old = str(value), str(args[0])
        new = str(args[1]) if len(args) > 1 else ""
        if len(text) + text.count(old) * len(new) > MAX_CHARS:
            raise _too_much(f"replace grows a text beyond {MAX_CHARS:,} characters")
    elif name == "join" and isinstance(value, list | tuple) and args:
        items = cast("Sequence[object]", value)
        if len(items) * len(str(args[0])) > MAX_CHARS:
            raise _too_much(f"join grows a text beyond {MAX_CHARS:,} characters")


def guard(name: str, function: Filter) -> Filter:
    """Bound a filter's input and output, and make missing values strict.

    A missing value passes through every filter unchanged, so that a `default` anywhere in the chain
    can replace it and the error otherwise names the path. A missing argument is an error at once.
    """

    @functools.wraps(function)
    def guarded(value: object, *args: object, **kwargs: object) -> object:
        if isinstance(value, Undefined) and name != "default":
            return value
        check_size(value)
        for arg in args:
            if isinstance(arg, Undefined):
                arg.poke()
            check_size(arg)
        for arg in kwargs.values():
            if isinstance(arg, Undefined):
                arg.poke()
        _check_growth(name, value, args)
        result = function(value, *args, **kwargs)
        check_size(result)
        return result

    return guarded


def default(value: object, fallback: object = "", *, allow_false: bool = False) -> object:
    """Return `fallback` for what is missing, null, false (unless allowed) or empty."""
    if isinstance(value, Undefined) or value is None:
        return fallback
    if value is False:
        return value if allow_false else fallback
    if isinstance(value, str | list | dict) and not value:
        return fallback
    return cast("object", value)


def strip_html(value: object) -> str:
    """Text without tags, comments and the content of script and style; linear in its length."""
    text = str(value)
    lower = text.lower()
    kept: list[str] = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        kept.append(text[position:start])
        close = ">"
        for opening, closing in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>")):
            if lower.startswith(opening, start):
                close = closing
        end = lower.find(close, start)
        if end < 0:
            # Nothing closes any more: the rest is text, as typed.
            position = start
            break
        position = end + len(close)
    kept.append(text[position:])
    return "".join(kept)


def date(value: object, fmt: object, *, environment: object) -> object:
    """As Liquid's `date`, except that `now`, `today` and epoch seconds are UTC."""
    if value in ("now", "today"):
        value = dt.datetime.now(dt.UTC)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = dt.datetime.fromtimestamp(value, dt.UTC)
    try:
        return liquid_date(value, fmt, environment=environment)  # pyright: ignore[reportArgumentType] - checked by the filter itself
    except (ValueError, OverflowError, OSError) as error:
        raise FilterArgumentError(f"date cannot read its value: {error}", token=None) from error


date.with_environment = True  # pyright: ignore[reportFunctionMemberAccess] - how liquid marks a filter


def to_json(value: object) -> str:
    """Return the value as compact JSON, for webhook payloads and the like."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise FilterArgumentError("json cannot write its value", token=None) from error


OWN_FILTERS: Mapping[str, Filter] = {
    "date": date,
    "default": default,
    "json": to_json,
    "strip_html": strip_html,
}
