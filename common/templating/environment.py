"""The Liquid dialect of Treadle: python-liquid without its ways out, and with a budget.

Templates are written by customers and rendered inside our processes, thousands a second, on data
that anybody may have typed into a form. So: no partials and no file system, no attribute access
(values are plain JSON), values that are missing are errors rather than blanks, and steps, loops,
output, local variables and the sizes inside filters are all bounded.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TextIO, cast

from liquid import BoundTemplate, Environment, RenderContext, Token, Undefined
from liquid.builtin.output import Output, OutputNode
from liquid.exceptions import LiquidError
from liquid.stringify import to_liquid_string
from liquid.undefined import UNDEFINED
from liquid.utils import ReadOnlyChainMap

from common.templating.filters import (
    OWN_FILTERS,
    LimitExceededError,
    cost,
    guard,
    to_json,
    weight,
)

# A step is one node rendered, or one small value looked up or filtered; large ones take more.
MAX_STEPS = 100_000
MAX_OUTPUT_BYTES = 1 << 20
MAX_LOCALS = 1 << 20

# Partials would read other templates; `liquid` and `echo` are a second syntax for the same things.
REMOVED_TAGS = ("include", "render", "liquid", "echo")
# `safe` would let data become markup.
REMOVED_FILTERS = ("safe",)


class MissingValueError(LiquidError):
    """A value that the template needs is not there."""

    def __init__(self, path: str, token: Token | None) -> None:
        super().__init__(f"{path} has no value", token=token)
        self.path = path


class Missing(Undefined):
    """A path without a value.

    Conditions see nil, `default` replaces it, other filters hand it on, and everything else raises
    an error that names the path.
    """

    __slots__ = ()

    def _fail(self) -> MissingValueError:
        return MissingValueError(self.name, self.token)

    def __str__(self) -> str:
        raise self._fail()

    def __int__(self) -> int:
        raise self._fail()

    def __len__(self) -> int:
        raise self._fail()

    def __iter__(self) -> Iterator[object]:
        raise self._fail()

    def __getitem__(self, key: str) -> object:
        raise self._fail()

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Undefined)

    def __hash__(self) -> int:
        return hash(self.name)

    def poke(self) -> bool:
        """Raise, as python-liquid asks of a strict undefined."""
        raise self._fail()


class BudgetContext(RenderContext):
    """A render context that counts its work and knows plain JSON only."""

    __slots__ = ("_disabled", "_local_size", "_local_sizes", "_steps")

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object]) -> None:  # noqa: A002 - liquid's name
        self._steps = 0
        self._local_size = 0
        self._local_sizes: dict[str, int] = {}
        super().__init__(template, globals=globals)
        # Without liquid's own `now` and `today`, which are naive local times.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    @property
    def disabled_tags(self) -> list[str]:
        """Count a step: every node reads this attribute right before it renders."""
        self._spend()
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:  # pyright: ignore[reportIncompatibleVariableOverride] - the one hook per node
        self._disabled = tags

    def _spend(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitExceededError(f"takes more than {MAX_STEPS:,} steps", token=None)

    def assign(self, key: str, val: object) -> None:
        """Set a local variable, within the budget for all of them together."""
        size = weight(val)
        self._local_size += size - self._local_sizes.get(key, 0)
        if self._local_size > MAX_LOCALS:
            raise LimitExceededError("keeps too much in local variables", token=None)
        self._local_sizes[key] = size
        self.locals[key] = val

    def get(
        self, path: list[object], *, token: Token | None, default: object = UNDEFINED
    ) -> object:
        """Follow `path` through mappings and lists; null counts as missing."""
        value: object = None
        try:
            value = self.scope[cast("str", path[0])]
            for segment in path[1:]:
                value = self.get_item(value, segment)
        except (KeyError, TypeError, IndexError):
            value = None
        self._spend(1 + weight(value) // 1024)
        if isinstance(value, Undefined):
            # A local variable that was assigned a missing value keeps the name of its origin.
            return value if default is UNDEFINED else default
        if value is None:
            return Missing(path_text(path), token=token) if default is UNDEFINED else default
        return value

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        """Return the filter, charging for the size of what it works on."""
        function = super().filter(name, token)

        def charged(value: object, *args: object, **kwargs: object) -> object:
            self._spend(cost(name, value))
            return function(value, *args, **kwargs)

        return charged

    def get_item(self, obj: object, key: object) -> object:
        """Look a key up; liquid's `size`, `first` and `last` come after real keys."""
        if isinstance(obj, Mapping) and isinstance(key, str):
            found = cast("Mapping[object, object]", obj)
            if key in found:
                return found[key]
        return super().get_item(obj, key)


def path_text(path: Sequence[object]) -> str:
    """`contact.custom_fields.plan` from its segments."""
    text = str(path[0])
    for segment in path[1:]:
        plain = isinstance(segment, str) and segment.replace("-", "_").isidentifier()
        text += f".{segment}" if plain else f"[{json.dumps(segment, default=str)}]"
    return text


class _OutputNode(OutputNode):
    """Output that writes objects as JSON instead of Python's notation."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if isinstance(value, dict):
            value = to_json(cast("object", value))
        return buffer.write(to_liquid_string(value, context.autoescape))


class _Output(Output):
    node_class = _OutputNode


class _Template(BoundTemplate):
    context_class = BudgetContext


class SafeEnvironment(Environment):
    """python-liquid, reduced to what a customer's template may do."""

    template_class = _Template
    block_nesting_limit = 30
    context_depth_limit = 40
    output_stream_limit = MAX_OUTPUT_BYTES

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register the safe tags and the guarded filters."""
        super().setup_tags_and_filters(extra=extra)
        self.add_tag(_Output)
        for tag in REMOVED_TAGS:
            del self.tags[tag]
        for name in REMOVED_FILTERS:
            del self.filters[name]
        self.filters.update(OWN_FILTERS)
        self.filters = {name: guard(name, function) for name, function in self.filters.items()}

    def error(
        self,
        exc: type[LiquidError] | LiquidError,
        msg: str | None = None,
        token: Token | None = None,
    ) -> None:
        """Raise, with the position of the tag when the error itself has none."""
        if isinstance(exc, LiquidError) and token is not None and token.start_index >= 0:
            placed = exc.token is not None and exc.token.start_index >= 0
            exc.token = exc.token if placed else token
        super().error(exc, msg, token)


TEXT = SafeEnvironment(undefined=Missing)
HTML = SafeEnvironment(undefined=Missing, autoescape=True)
