"""Merge fields: Liquid, checked when saved, analysed for what it reads, rendered within limits."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError
from liquid.output import LimitedStringIO
from liquid.static_analysis import Segments, TemplateAnalysis

from common.templating.environment import (
    HTML,
    MAX_OUTPUT_BYTES,
    TEXT,
    BudgetContext,
    MissingValueError,
)
from common.templating.errors import TemplateError, TemplateRenderError, TemplateSyntaxError
from common.templating.needs import ROOTS, ContextNeeds, Path
from common.templating.scan import find_problem
from common.templating.static import bound_ranges, filter_problems
from common.wording import hint, short

__all__ = [
    "MAX_SOURCE",
    "ROOTS",
    "ContextNeeds",
    "TemplateError",
    "TemplateRenderError",
    "TemplateSyntaxError",
    "check",
    "has_markup",
    "needs",
    "render",
]

# Characters of a template's source.
MAX_SOURCE = 1 << 18
# Beyond this a template counts as large; fewer of those are kept compiled.
_SMALL = 1 << 12
# A keyword where a path goes on: `contact.custom_fields.limit`.
_LIQUID_WORD = re.compile(r"expected an identifier, found (\w+)")
# Segments that liquid computes when the value has no such key.
_COMPUTED = frozenset({"size", "first", "last"})


@dataclass(frozen=True, slots=True)
class _Compiled:
    template: BoundTemplate
    problems: tuple[str, ...]
    # What values start with that are none of ROOTS.
    unknown: tuple[str, ...]
    needs: ContextNeeds


def has_markup(text: str) -> bool:
    """Whether rendering could change `text`: the cheap test before everything else."""
    return "{{" in text or "{%" in text


def check(source: str, also: Collection[str] = ()) -> tuple[str, ...]:
    """Everything wrong with a template that can be known before it is rendered, for the user.

    Values start with one of ROOTS or of `also`.
    """
    if not has_markup(source):
        return ()
    try:
        compiled = _compiled(source, html=False)
    except TemplateSyntaxError as error:
        return error.problems
    roots = (*ROOTS, *also)
    unknown = (_unknown(root, roots) for root in compiled.unknown if root not in also)
    return (*compiled.problems, *unknown)


def needs(source: str) -> ContextNeeds:
    """What the template reads; raises TemplateSyntaxError when it cannot be parsed."""
    return _compiled(source, html=False).needs if has_markup(source) else ContextNeeds()


def render(source: str, context: Mapping[str, object], *, html: bool = False) -> str:
    """Render `source` on plain JSON values; with `html`, values are escaped.

    Raises TemplateSyntaxError, or TemplateRenderError when a value is missing or a limit is hit.
    """
    if not has_markup(source):
        return source
    template = _compiled(source, html=html).template
    buffer = LimitedStringIO(limit=MAX_OUTPUT_BYTES)
    try:
        _run(template, context, buffer)
    except MissingValueError as error:
        raise TemplateRenderError(
            f"{error.path} has no value; give it one, or a fallback such as "
            f'{{{{ {error.path} | default: "…" }}}}',
            missing=error.path,
        ) from error
    except LiquidError as error:
        raise TemplateRenderError(_describe(error)) from error
    except UnicodeEncodeError as error:
        raise TemplateRenderError("a value is not valid Unicode") from error
    except RecursionError as error:
        raise TemplateRenderError("is nested too deeply") from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateRenderError(f"a filter cannot work on its value ({error})") from error
    return buffer.getvalue()


def _run(template: BoundTemplate, context: Mapping[str, object], buffer: StringIO) -> None:
    budget = BudgetContext(template, globals=context)
    for node in template.nodes:
        try:
            node.render(budget, buffer)
        except LiquidError as error:
            error.token = error.token or node.token
            raise
        except LiquidInterrupt as error:
            raise TemplateRenderError(f"'{error}' stands outside of a loop") from error


def _compiled(source: str, *, html: bool) -> _Compiled:
    if len(source) <= _SMALL:
        return _compile_small(source, html)
    return _compile_large(source, html)


def _compile(source: str, html: bool) -> _Compiled:  # noqa: FBT001 - a cache key
    if len(source) > MAX_SOURCE:
        raise TemplateSyntaxError((f"is longer than {MAX_SOURCE:,} characters",))
    if problem := find_problem(source):
        raise TemplateSyntaxError((problem,))
    try:
        template = (HTML if html else TEXT).from_string(source)
        bound_ranges(template)
        analysis = template.analyze(include_partials=False)
        problems = tuple(dict.fromkeys(_problems(template, analysis)))
        unknown = tuple(root for root in analysis.globals if root not in ROOTS)
    except LiquidError as error:
        raise TemplateSyntaxError((_describe(error),)) from error
    except RecursionError as error:
        raise TemplateSyntaxError(("is nested too deeply",)) from error
    return _Compiled(template, problems, unknown, _needs(analysis))


# Syntax errors are not cached: they are rare, and found when saving.
_compile_small = lru_cache(maxsize=4096)(_compile)
_compile_large = lru_cache(maxsize=128)(_compile)


def _describe(error: LiquidError) -> str:
    if isinstance(error.__cause__, RecursionError):
        return "is nested too deeply"
    message = str(error.message or "cannot be used")
    if word := _LIQUID_WORD.fullmatch(message):
        message = f"'{word[1]}' is a word of Liquid; write it as [\"{word[1]}\"]"
    try:
        position = error.context()
    except ValueError:
        # liquid reports some errors just past the end of the text.
        position = None
    if position is None:
        return f"{message} (at the end)" if isinstance(error, LiquidSyntaxError) else message
    return f"{message} (line {position[0]}, column {position[1] + 1})"


def _problems(template: BoundTemplate, analysis: TemplateAnalysis) -> Iterator[str]:
    yield from filter_problems(template)
    for name in analysis.locals:
        if name in ROOTS:
            yield f"'{name}' is a reserved name; assign to another one"


def _unknown(root: str, roots: Sequence[str]) -> str:
    known = hint(root, roots) or f"; values start with {', '.join(roots)}"
    return f"unknown value '{short(root)}'{known}"


def _needs(analysis: TemplateAnalysis) -> ContextNeeds:
    paths: list[Path] = []
    for root, variables in analysis.globals.items():
        if root in ROOTS:
            paths += [(root, *_static(variable.segments[1:])) for variable in variables]
    return ContextNeeds.of(paths)


def _static(segments: Segments) -> Iterator[str]:
    """The leading segments that are names; an index or a computed segment needs all before it."""
    for segment in segments:
        if not isinstance(segment, str) or segment in _COMPUTED:
            return
        yield segment
