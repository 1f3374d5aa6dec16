"""Reading, making, changing and deleting records of any kind."""

from collections.abc import Collection, Mapping
from uuid import UUID

from action_service.domain.changes import difference, is_same
from action_service.domain.plan import Json
from action_service.domain.record import Record
from action_service.use_cases.checks import below, check_etag
from action_service.use_cases.ports import Change, Transaction, Writer
from action_service.use_cases.records.kind import Draft, RecordKind
from action_service.use_cases.references import dangling, id_in, references
from common.catalogue.violations import segments_of
from common.errors import (
    ErrorReason,
    FieldViolation,
    TreadleError,
    failed_precondition,
    invalid,
    not_found,
)
from common.ids import new_id


async def get_record(tx: Transaction, kind: RecordKind, record_id: UUID) -> Record:
    """The record; refuses one that is not there."""
    return _there(kind, record_id, await tx.records.get(kind.name, record_id))


async def lock_record(tx: Writer, kind: RecordKind, record_id: UUID, *, etag: str = "") -> Record:
    """The record, kept from other changes; refuses one that is not there, and a stale etag."""
    record = _there(kind, record_id, await tx.records.lock(kind.name, record_id))
    check_etag(kind.label, record_id, record.revision, etag)
    return record


async def create_record(tx: Writer, kind: RecordKind, given: Mapping[str, Json]) -> Record:
    """Stores a record of these values."""
    draft = await _settled(tx, kind, new_id(), None, given, kind.spec.inputs.fields)
    after = await tx.records.add(kind.name, draft.id, draft.values)
    tx.record(_change(kind, "created", after.id, after=_facts(after, draft.values)))
    kind.announce(tx, None, after)
    return after


async def update_record(
    tx: Writer,
    kind: RecordKind,
    record_id: UUID,
    given: Mapping[str, Json],
    mask: Collection[str],
    *,
    etag: str = "",
) -> Record:
    """Sets the fields that `mask` names; one that `given` is without loses its value."""
    before = await lock_record(tx, kind, record_id, etag=etag)
    values = _facts(before, kind.spec.inputs.fields) | {name: given.get(name) for name in mask}
    # What parts point to depends on the field that says within what.
    named = kind.spec.inputs.fields if set(kind.within.values()) & set(mask) else mask
    draft = await _settled(tx, kind, record_id, before, values, named)
    return await change_record(tx, kind, before, draft.values)


async def change_record(
    tx: Writer, kind: RecordKind, before: Record, values: Mapping[str, Json]
) -> Record:
    """Stores those of the values that differ from what is stored."""
    changed = {n: value for n, value in values.items() if not is_same(before.values.get(n), value)}
    if not changed:
        return before
    after = await tx.records.update(kind.name, before.id, changed)
    shown = difference(_facts(before, changed), _facts(after, changed))
    if shown:
        tx.record(_change(kind, "updated", after.id, before=shown.before, after=shown.after))
    kind.announce(tx, before, after)
    return after


async def delete_record(tx: Writer, kind: RecordKind, record_id: UUID, *, etag: str) -> None:
    """Deletes a record; refuses while others need it."""
    record = await lock_record(tx, kind, record_id, etag=etag)
    if needed := await tx.records.dependents(kind.name, record_id):
        raise still_needed(f"{kind.label} {record_id}", needed, kind.way_out)
    await tx.records.delete(kind.name, record_id)
    facts = _facts(record, kind.spec.inputs.fields)
    tx.record(_change(kind, "deleted", record_id, before=facts))


def still_needed(
    what: str, needed: Mapping[str, int], way_out: str, *, field: str = ""
) -> TreadleError:
    """Refuses that something goes, or changes, that other records need."""
    listed = " and ".join(f"{name} ({count})" for name, count in needed.items())
    description = f"{what} is needed by {listed}; {way_out}"
    violations = [FieldViolation(field, description)] if field else []
    return failed_precondition(
        ErrorReason.REFERENCED, description, violations=violations, referrers=", ".join(needed)
    )


async def _settled(
    tx: Writer,
    kind: RecordKind,
    record_id: UUID,
    before: Record | None,
    given: Mapping[str, Json],
    named: Collection[str],
) -> Draft:
    """The record as it is to be stored; refuses it with everything wrong with the `named` fields.

    What was stored under earlier rules does not stand in the way of changing something else.
    """
    values = _without_gaps(kind, given)
    found = [
        FieldViolation(violation.field, violation.description)
        for violation in kind.spec.violations(values)
        if _head(violation.field) in named
    ]
    # Not below a field that is wrong as a whole, such as a list that is far too long.
    whole = {violation.field for violation in found}
    found += await _dangling(tx, kind, values, frozenset(named) - whole)
    broken = frozenset(_head(violation.field) for violation in found)
    sound = {name: value for name, value in values.items() if name not in broken}
    draft = Draft(record_id, before, sound, broken)
    found += await kind.settle(tx, draft)
    if found:
        raise invalid(FieldViolation(below(kind.name, v.field), v.description) for v in found)
    return draft


async def _dangling(
    tx: Writer, kind: RecordKind, values: Mapping[str, Json], named: Collection[str]
) -> list[FieldViolation]:
    owners = {owner: id_in(values.get(field)) for owner, field in kind.within.items()}
    within = {owner: found for owner, found in owners.items() if found is not None}
    pointing = [
        reference
        for reference in references(kind.spec.inputs, values, within=within)
        if _head(reference.field) in named
    ]
    nowhere = await dangling(tx, pointing)
    return [FieldViolation(reference.field, text) for reference, text in nowhere.items()]


def _without_gaps(kind: RecordKind, values: Mapping[str, Json]) -> dict[str, Json]:
    names = dict.fromkeys([*values, *kind.defaults])
    given = {name: values.get(name) for name in names}
    return {n: kind.defaults.get(n) if value is None else value for n, value in given.items()}


def _facts(record: Record, names: Collection[str]) -> dict[str, Json]:
    return {name: record.values[name] for name in names if name in record.values}


def _change(
    kind: RecordKind,
    verb: str,
    record_id: UUID,
    *,
    before: Mapping[str, Json] | None = None,
    after: Mapping[str, Json] | None = None,
) -> Change:
    return Change(f"{kind.name}.{verb}", kind.name, record_id, before=before, after=after)


def _there(kind: RecordKind, record_id: UUID, record: Record | None) -> Record:
    if record is None:
        raise not_found(kind.label, record_id)
    return record


def _head(path: str) -> str:
    return str(segments_of(path)[0])
