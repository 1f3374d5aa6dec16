"""Lets attempts of a category wait for their turn while the stream has enough of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from action_service.domain.turns import UNRUNG, Window
from action_service.engine.model import Dispatch, Writes
from action_service.engine.starting import Beginnings
from common.catalogue import catalogue
from treadle.options.v1.options_pb2 import IDEMPOTENCY_CLASS_TRANSACTIONAL

_NOBODY: AbstractSet[str] = frozenset()
# The scheduler takes waits as fast as executors take effects.
_TIMING = "timing"


class Turns:
    """The windows of one process. Without limits nobody ever waits."""

    def __init__(self, *, effects: int | None = None, calls: int | None = None) -> None:
        """How many attempts may be in the stream: of a category without calls, and with calls."""
        kinds = catalogue()
        self._windows: Mapping[str, Window] = {
            category: Window(limit)
            for category, types in kinds.categories.items()
            if (limit := calls if _makes_calls(category, types) else effects) is not None
        }
        self._categories = {
            spec.type: spec.category
            for spec in kinds.types.values()
            if spec.category in self._windows
        }
        self._is_away = False

    @property
    def is_limited(self) -> bool:
        """Whether anybody may have to wait at all."""
        return bool(self._windows)

    def hold_back(self, dispatches: Sequence[Dispatch]) -> AbstractSet[str]:
        """The action executions, of the attempts to be rung for now, that have to wait."""
        counts = Counter(
            category
            for each in dispatches
            if not _is_bound(each)
            and (category := self._categories.get(each.step.action_type)) is not None
        )
        room = {category: self._take(category, wanted) for category, wanted in counts.items()}
        if room == counts:
            return _NOBODY
        held: set[str] = set()
        for each in dispatches:
            category = self._categories.get(each.step.action_type)
            if category is None or _is_bound(each):
                continue
            if room[category]:
                room[category] -= 1
            else:
                held.add(each.action_execution_id)
        return held

    def take_turns(self, category: str, wanted: int) -> int:
        """How many of those that have waited may be rung for."""
        window = self._windows.get(category)
        if window is None:
            return wanted
        return 0 if self._is_away else window.take_turns(wanted)

    @property
    def wants_to_know(self) -> bool:
        """Whether the server should be asked what is queued."""
        return self._is_away or not all(window.is_quiet for window in self._windows.values())

    def ask(self) -> None:
        """Call it when the server is asked."""
        for window in self._windows.values():
            window.ask()

    def learn(self, queued: Mapping[str, int]) -> None:
        """How many tasks of each category are queued."""
        self._is_away = False
        for category, window in self._windows.items():
            window.learn(queued.get(category, 0))

    def lose(self) -> None:
        """The server cannot be asked: nobody is rung for until it can."""
        self._is_away = True

    def _take(self, category: str, wanted: int) -> int:
        return 0 if self._is_away else self._windows[category].take(wanted)


def wait_for_turn(writes: Writes, held: AbstractSet[str]) -> None:
    """Has the rows of a batch say that these action executions have not been rung for."""
    writes.advances = [
        each._replace(next_lease_until=UNRUNG) if each.next_id in held else each
        for each in writes.advances
    ]
    writes.actions = [
        each._replace(lease_until=UNRUNG) if each.action_execution_id in held else each
        for each in writes.actions
    ]
    writes.new = [
        each._replace(lease_until=UNRUNG) if each.id in held else each for each in writes.new
    ]


def begin_in_turn(turns: Turns, made: Beginnings) -> None:
    """Has new executions whose first attempt must wait stored so, and not dispatched."""
    held = turns.hold_back(made.dispatches)
    if held:
        made.actions = [
            each._replace(lease_until=UNRUNG) if each.id in held else each for each in made.actions
        ]
        made.dispatches = [each for each in made.dispatches if each.action_execution_id not in held]


def _is_bound(dispatch: Dispatch) -> bool:
    """It goes to the scheduler, or looks after what has begun: neither stands in anybody's way."""
    return dispatch.not_before is not None or dispatch.under_way is not None


def _makes_calls(category: str, types: Sequence[str]) -> bool:
    return category != _TIMING and any(
        catalogue().types[each].idempotency != IDEMPOTENCY_CLASS_TRANSACTIONAL for each in types
    )
