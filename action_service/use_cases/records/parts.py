"""What records do with the parts they are made of: members, stages, steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from action_service.domain.plan import Json
from action_service.domain.record import items_in, text_in
from action_service.use_cases.ports import Writer
from action_service.use_cases.records.crud import still_needed
from action_service.use_cases.records.kind import Draft, RecordKind
from common.errors import FieldViolation
from common.ids import new_id


def repeated(field: str, ids: Sequence[Json], *, inside: str = "") -> list[FieldViolation]:
    """The places of ids that came before; `inside` is the field of the items that holds them."""
    first: dict[str, int] = {}
    return [
        FieldViolation(f"{field}[{index}]{inside}", f"is the same as {field}[{earlier}]{inside}")
        for index, each in enumerate(ids)
        if isinstance(each, str) and (earlier := first.setdefault(each, index)) != index
    ]


def with_ids(items: Iterable[Mapping[str, Json]], **defaults: Json) -> list[Json]:
    """The items with an id each, and with defaults for what they leave out."""
    return [{"id": str(new_id()), **defaults, **item} for item in items]


def repeated_ids(draft: Draft, field: str) -> list[FieldViolation]:
    """The places of parts whose id an earlier one has."""
    ids = [item.get("id") for item in items_in(draft.values, field)]
    return repeated(field, ids, inside=".id")


async def check_dropped(tx: Writer, kind: RecordKind, part: str, draft: Draft, field: str) -> None:
    """Refuses that parts go which other records need; `part` is their kind."""
    kept = {text_in(item, "id") for item in items_in(draft.values, field)}
    for item in parts_before(draft, field):
        if text_in(item, "id") not in kept:
            await check_unneeded(tx, kind, part, item, field)


async def check_unneeded(
    tx: Writer,
    kind: RecordKind,
    part: str,
    item: Mapping[str, Json],
    field: str,
    *,
    by: str | None = None,
) -> None:
    """Refuses a change of a part that other records need; only what `by` calls so counts."""
    needed = await tx.records.dependents(part, UUID(text_in(item, "id")))
    found = {name: count for name, count in needed.items() if by in (None, name)}
    if found:
        what = f"{part.replace('_', ' ')} {text_in(item, 'name')!r}"
        raise still_needed(what, found, kind.way_out, field=f"{kind.name}.{field}")


def parts_before(draft: Draft, field: str) -> Iterator[Mapping[str, Json]]:
    """The parts as they are stored."""
    yield from items_in(draft.before.values, field) if draft.before else ()
