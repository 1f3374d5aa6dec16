"""What can be said of a parsed template, and the one thing that is changed in it."""

import inspect
from collections.abc import Callable, Iterator, Sequence

from liquid import BoundTemplate, RenderContext, Undefined
from liquid.ast import Node
from liquid.builtin.expressions.arguments import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.filtered import FilteredExpression
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.expression import Expression

from common.templating.filters import MAX_ITEMS, LimitExceededError
from common.wording import hint, short


class _Clamped(Expression):
    """A bound of a range, refused when it is so large that walking up to it would take long."""

    __slots__ = ("inner",)

    def __init__(self, inner: Expression) -> None:
        super().__init__(inner.token)
        self.inner = inner

    def __str__(self) -> str:
        return str(self.inner)

    def evaluate(self, context: RenderContext) -> object:
        """Return the bound's value."""
        value = self.inner.evaluate(context)
        if isinstance(value, Undefined):
            value.poke()
        if isinstance(value, int | float | str):
            text = str(value)
            if len(text) > 8 or (isinstance(value, int | float) and abs(value) > MAX_ITEMS):
                raise LimitExceededError(f"a range goes beyond {MAX_ITEMS:,}", token=self.token)
        return value

    def children(self) -> list[Expression]:
        """Return the expression that is guarded."""
        return [self.inner]


def nodes_of(template: BoundTemplate) -> Iterator[Node]:
    """Every node of the template, outermost first."""
    context = RenderContext(template)
    stack = list(reversed(template.nodes))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children(context, include_partials=False))


def expressions_of(template: BoundTemplate) -> Iterator[Expression]:
    """Every expression of the template, at any depth."""
    for node in nodes_of(template):
        stack = list(node.expressions())
        while stack:
            expression = stack.pop()
            stack.extend(expression.children())
            yield expression


def bound_ranges(template: BoundTemplate) -> None:
    """Put a limit on every range of the template, in place."""
    for expression in expressions_of(template):
        if isinstance(expression, RangeLiteral):
            expression.start = _Clamped(expression.start)
            expression.stop = _Clamped(expression.stop)


def filter_problems(template: BoundTemplate) -> Iterator[str]:
    """Filters that do not exist, and those that are called with the wrong arguments."""
    for expression in expressions_of(template):
        if not isinstance(expression, FilteredExpression):
            continue
        for used in expression.filters or ():
            function = template.env.filters.get(used.name)
            if function is None:
                yield f"unknown filter '{short(used.name)}'{hint(used.name, template.env.filters)}"
            elif problem := _wrong_arguments(function, used.args):
                yield f"filter '{used.name}' {problem}"


def _wrong_arguments(
    function: Callable[..., object], args: Sequence[PositionalArgument | KeywordArgument]
) -> str | None:
    signature = inspect.signature(function)
    named = {arg.name for arg in args if isinstance(arg, KeywordArgument)}
    given = len(args) - len(named)
    # The value itself comes first, and liquid fills `environment` in.
    taken = [
        parameter
        for parameter in list(signature.parameters.values())[1:]
        if parameter.name not in ("environment", "context")
    ]
    positional = [each for each in taken if each.kind is each.POSITIONAL_OR_KEYWORD]
    needed = sum(each.default is each.empty for each in positional)
    if named - {each.name for each in taken}:
        return "has no argument of that name"
    if given > len(positional):
        return f"takes at most {len(positional)} arguments, not {given}"
    if given + len(named) < needed:
        return f"needs {needed} argument{'' if needed == 1 else 's'}"
    return None
