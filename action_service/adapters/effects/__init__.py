"""Changes of our own records, applied inside the transaction that completes the step.

Each kind of effect is one module with one `apply` that takes all of a batch's effects of its kind
and runs a fixed number of statements, whatever their count.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.adapters.effects import add_tag, update_contact
from action_service.engine.effects import Applied, AppliedEffect

_Apply: TypeAlias = Callable[[Driver, Sequence[AppliedEffect], Applied], Awaitable[None]]

_BY_KIND: Mapping[str, _Apply] = {
    "add_tag": add_tag.apply,
    "update_contact": update_contact.apply,
}


async def apply_effects(
    connection: Driver, effects: Sequence[AppliedEffect], applied: Applied
) -> None:
    """Applies the effects kind by kind; `applied` gathers what they came to."""
    by_kind: dict[str, list[AppliedEffect]] = {}
    for effect in effects:
        kind = effect.effect.WhichOneof("effect")
        if kind is not None:
            by_kind.setdefault(kind, []).append(effect)
    # In the table's order, so that two engines never wait for each other in a circle.
    for kind, apply in _BY_KIND.items():
        if group := by_kind.get(kind):
            await apply(connection, group, applied)
