"""Rules for single values of a configuration, before and after merge fields are rendered."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from common import templating
from common.catalogue.fields import FieldSpec, Shape
from common.catalogue.kinds import check_kind
from common.catalogue.violations import Loc, ViolationKind
from common.numbers import decimal_in
from common.phone_numbers import e164

# Of JSON in a Struct or Value: protobuf parsers stop at 100 levels, and each of ours costs three.
MAX_DEPTH = 24
# A Struct's numbers are doubles: beyond this not every integer is one.
MAX_EXACT = 2**53

NO_NUMBER = "must be a number, or text that is one"
_MULTI_LINE = frozenset({"long_text", "secret"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule, at a place below the value that was checked."""

    kind: ViolationKind
    text: str
    loc: Loc = ()


def _invalid(text: str, loc: Loc = ()) -> Problem:
    return Problem(ViolationKind.INVALID, text, loc)


def _malformed(text: str, loc: Loc = ()) -> Problem:
    return Problem(ViolationKind.MALFORMED, text, loc)


def check_text(field: FieldSpec, value: str) -> Problem | None:
    """Check a text as it is saved."""
    if not value.isascii() and (problem := unstorable(value)):
        return problem
    if field.required and not value.strip():
        return Problem(ViolationKind.MISSING, "is required and must not be blank")
    if "\0" in value:
        return _invalid("must not contain a NUL character")
    if problem := _check_length(field, value):
        return _invalid(problem)
    if templating.has_markup(value):
        if field.template:
            found = templating.check(value, field.template_roots)
            return _invalid(f"is not a valid template: {'; '.join(found)}") if found else None
        if check_kind(field.kind, value):
            return _invalid("takes no merge fields; write the value itself")
    problem = _too_long(field.max_rendered_length, value) or _check_line(field, value)
    problem = problem or check_kind(field.kind, value)
    return _invalid(problem) if problem else None


def check_rendered(field: FieldSpec, value: str) -> str | None:
    """What is wrong with a value once its merge fields are rendered; None when nothing is."""
    if field.required and not value.strip():
        return "must not be blank"
    too_long = _too_long(field.max_rendered_length, value)
    return _check_length(field, value) or too_long or check_kind(field.kind, value)


def unstorable(value: str) -> Problem | None:
    """Lone surrogates can be written in JSON but in no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return _malformed("must be valid Unicode")
    return None


def _check_line(field: FieldSpec, value: str) -> str | None:
    if field.kind in _MULTI_LINE or not has_line_break(value):
        return None
    return "must be a single line"


def has_line_break(value: str) -> bool:
    """Whether `value` has more than one line."""
    return "\n" in value or "\r" in value


def on_one_line(field: FieldSpec, value: str) -> str:
    """A rendered value with its lines joined, when the field takes a single one.

    Data from forms carries stray line breaks; in a subject or a header they would be an injection.
    """
    if field.kind in _MULTI_LINE or not has_line_break(value):
        return value
    return " ".join(line.strip() for line in re.split(r"[\r\n]+", value)).strip()


def in_stored_form(field: FieldSpec, value: str) -> str:
    """A rendered value as a contact's own is stored, which people have written as they like."""
    match field.kind:
        case "email":
            return value.strip()
        case "phone":
            return e164(value.strip()) or value
        case _:
            return value


def _check_length(field: FieldSpec, value: str) -> str | None:
    if field.min_length is not None and len(value) < field.min_length:
        return f"must have at least {counted(field.min_length, 'character')}"
    return _too_long(field.max_length, value)


def _too_long(most: int | None, value: str) -> str | None:
    if most is None or len(value) <= most:
        return None
    return f"must have at most {counted(most, 'character')}, not {len(value):,}"


def counted(number: int, noun: str) -> str:
    """`1 character`, `2,000 characters`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def check_number(field: FieldSpec, value: float) -> Problem | None:
    """Check a number against its bounds; what does not fit its wire type is malformed."""
    if isinstance(value, float) and not math.isfinite(value):
        return _malformed("must be a finite number")
    text = _out_of_bounds(field, value)
    if text is None:
        return None
    fits = field.shape is not Shape.INTEGER or field.wire_minimum <= value <= field.wire_maximum
    return _invalid(text) if fits else _malformed(text)


def _out_of_bounds(field: FieldSpec, value: float | Decimal) -> str | None:
    low, high = field.minimum, field.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    if low is not None and high is not None:
        return f"must be between {low:,} and {high:,}"
    return f"must be at least {low:,}" if low is not None else f"must be at most {high:,}"


def check_number_text(field: FieldSpec, text: str) -> str | None:
    """What is wrong with a text that is to be a number; None when nothing is."""
    number = decimal_in(text)
    return NO_NUMBER if number is None else _out_of_bounds(field, number)


def check_items(field: FieldSpec, items: Sequence[object]) -> Problem | None:
    """Check how many items a list or map has, and that a choice of several names none twice."""
    count = len(items)
    if field.required and count == 0:
        return Problem(ViolationKind.MISSING, "is required: give at least one item")
    if field.min_items is not None and count < field.min_items:
        return _invalid(f"must have at least {counted(field.min_items, 'item')}")
    if field.max_items is not None and count > field.max_items:
        return _invalid(f"must have at most {counted(field.max_items, 'item')}, not {count:,}")
    if field.enum is not None and len(set(items)) < count:
        return _invalid("must name each value once")
    return None


def check_key(field: FieldSpec, key: str) -> Problem | None:
    """Check a key of a map."""
    if problem := _unstorable_key(key):
        return problem
    if not key.strip():
        return _invalid("must not have a blank key")
    if has_line_break(key):
        return _invalid("must have keys of a single line")
    problem = check_kind("http_header_name", key) if field.kind == "http_header" else None
    return _invalid(problem) if problem else None


def _unstorable_key(key: str) -> Problem | None:
    return _invalid("must not have NUL in its keys") if "\0" in key else unstorable(key)


def check_json(field: FieldSpec, value: object) -> tuple[Problem, ...]:
    """Check a Struct or Value: every template in it, and that it can be kept exactly."""
    if field.kind == "scalar" and isinstance(value, list | dict):
        return (_invalid("must be text, a number, true, false or null"),)
    problems = tuple(_walk(field, value, ()))
    if problems:
        return problems
    if field.kind == "number":
        if value is None and field.required:
            return (Problem(ViolationKind.MISSING, "is required"),)
        if problem := _check_any_number(field, value):
            return (problem,)
    if field.kind == "custom_fields":
        return tuple(_check_names(field, cast("Mapping[str, object]", value)))
    return _check_size(field, value)


def _check_any_number(field: FieldSpec, value: object) -> Problem | None:
    if isinstance(value, str):
        if field.template and templating.has_markup(value):
            return None
        problem = check_number_text(field, value)
        return _invalid(problem) if problem else None
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        return _invalid(NO_NUMBER)
    return None if value is None else check_number(field, value)


def _check_names(field: FieldSpec, value: Mapping[str, object]) -> Iterator[Problem]:
    for name in value:
        if problem := check_kind(field.kind, name):
            yield _invalid(problem, (name,))
    yield from _check_size(field, value)


def _check_size(field: FieldSpec, value: object) -> tuple[Problem, ...]:
    if field.max_length is None:
        return ()
    size = len(value) if isinstance(value, str) else len(json.dumps(value, ensure_ascii=False))
    if size > field.max_length:
        return (_invalid(f"must have at most {field.max_length:,} characters, not {size:,}"),)
    return ()


def _walk(field: FieldSpec, value: object, loc: Loc) -> Iterator[Problem]:
    if len(loc) > MAX_DEPTH:
        yield _malformed(f"must not be nested deeper than {MAX_DEPTH} levels", loc)
    elif isinstance(value, str):
        yield from _walk_text(field, value, loc)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            yield _malformed("must be a finite number", loc)
        elif isinstance(value, int) and abs(value) > MAX_EXACT:
            yield _malformed("cannot be kept exactly; write whole numbers this large as text", loc)
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            if not isinstance(key, str):
                yield _malformed("must have text keys", loc)
                continue
            if problem := _unstorable_key(key):
                yield Problem(problem.kind, problem.text, loc)
            yield from _walk(field, item, (*loc, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("Sequence[object]", value)):
            yield from _walk(field, item, (*loc, index))
    else:
        yield _malformed("must be JSON", loc)


def _walk_text(field: FieldSpec, value: str, loc: Loc) -> Iterator[Problem]:
    if problem := unstorable(value):
        yield Problem(problem.kind, problem.text, loc)
    elif "\0" in value:
        yield _invalid("must not contain a NUL character", loc)
    elif field.template and (found := templating.check(value, field.template_roots)):
        yield _invalid(f"is not a valid template: {'; '.join(found)}", loc)
