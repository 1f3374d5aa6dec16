"""Carries imports out, batch by batch, each in one transaction with the import's progress.

A crash at any moment undoes the batch that was being done and nothing else; whoever comes next
does it anew. Contacts are stored, audited and told of as those are that people create.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from action_service.domain.compliance import Channel, Consent, ConsentStatus, Purpose
from action_service.domain.contact import contact_facts
from action_service.domain.contact_events import (
    CONTACT_CREATED,
    CONTACT_UPDATED,
    TAG_ADDED,
    EventSource,
    created_data,
    updated_data,
)
from action_service.domain.contact_import import (
    CONSENTS,
    Column,
    Counts,
    Duplicates,
    ImportStatus,
    RefusedRow,
    Row,
)
from action_service.domain.import_batch import BatchOutcome, Existing, ReadRow, decide_batch
from action_service.use_cases.compliance import record_consent
from action_service.use_cases.imports.columns import CUSTOM_PREFIX
from action_service.use_cases.imports.rows import RowReader
from action_service.use_cases.imports.upload import rows_of
from action_service.use_cases.ports import Change, Writer
from common.ids import new_id

_log = structlog.get_logger(__name__)

_SOURCE = "import"
_GAVE_UP = (
    "something went wrong inside Treadle; its operators can find it by the import's id. The rows"
    " counted here are done"
)


@dataclass(frozen=True, slots=True)
class ClaimedBatch:
    """The next batch of an import, which nobody else has; it is gone when its transaction ends."""

    import_id: UUID
    duplicates: Duplicates
    columns: Sequence[Column]
    rows: bytes
    # Of the account whose import it is.
    tx: Writer


class BrokenImportError(Exception):
    """A batch cannot be done, and could not another time."""

    def __init__(self, import_id: UUID) -> None:
        super().__init__(str(import_id))
        self.import_id = import_id


class CollidedError(Exception):
    """Somebody else has made contacts with emails of the batch in between: it is to be redone."""


class ImportQueue(Protocol):
    """The imports of all accounts that are not done yet."""

    def claimed(self) -> AbstractAsyncContextManager[ClaimedBatch | None]:
        """A transaction with the next batch of some import; None when there is nothing to do.

        Imports take turns. Commits when the block ends well. Raises StoreUnavailableError when
        the same may succeed later, CollidedError, and BrokenImportError for everything else.
        """
        ...

    async def give_up(self, import_id: UUID, why: str) -> None:
        """Ends an import that cannot go on."""
        ...


class ImportWork:
    """The work of one importer; any number of them may be at it."""

    def __init__(self, queue: ImportQueue) -> None:
        self._queue = queue

    async def next_batch(self) -> bool:
        """Does one batch; tells whether there was one. Raises StoreUnavailableError."""
        try:
            async with self._queue.claimed() as batch:
                if batch is None:
                    return False
                await import_batch(batch)
        except CollidedError:
            _log.info("import_batch_redone")
        except BrokenImportError as error:
            _log.exception("import_failed", import_id=str(error.import_id))
            await self._queue.give_up(error.import_id, _GAVE_UP)
        return True


async def import_batch(batch: ClaimedBatch) -> None:
    """Stores what the rows say and counts them."""
    tx = batch.tx
    custom = [
        column.field.removeprefix(CUSTOM_PREFIX)
        for column in batch.columns
        if column.field.startswith(CUSTOM_PREFIX)
    ]
    reader = RowReader(batch.columns, await tx.contacts.field_types(custom))
    rows = {row.number: row for row in rows_of(batch.rows)}
    read = await _with_known_owners(tx, reader, rows, [reader.read(row) for row in rows.values()])
    good = [row for row in read if isinstance(row, ReadRow)]
    refused = [row for row in read if isinstance(row, RefusedRow)]
    emails = {row.values.email.lower() for row in good if row.values.email}
    existing = await tx.contacts.by_emails(emails, lock=batch.duplicates is Duplicates.UPDATE)
    before = await _said_before(tx, existing) if says_consents(batch.columns) else {}
    existing = {
        email: contact._replace(consents=_statuses(before.get(contact.id, {})))
        for email, contact in existing.items()
    }
    outcome = decide_batch(good, existing, batch.duplicates, make_id=new_id)
    refused += [reader.refused(rows[number], why) for number, why in outcome.refused.items()]
    await _store(tx, outcome)
    if outcome.consents:
        await _store_consents(tx, outcome.consents, before, batch.import_id)
    if refused:
        await tx.imports.refuse(batch.import_id, refused)
    counts = outcome.counts + Counts(refused=len(refused) - len(outcome.refused))
    after = await tx.imports.advance(batch.import_id, counts)
    if after.status is ImportStatus.COMPLETED:
        tx.record(
            Change(
                "contact_import.completed",
                "contact_import",
                batch.import_id,
                after={
                    "created_rows": after.counts.created,
                    "updated_rows": after.counts.updated,
                    "skipped_rows": after.counts.skipped,
                    "refused_rows": after.counts.refused,
                },
            )
        )


def says_consents(columns: Sequence[Column]) -> bool:
    """Whether the file may change what contacts have said."""
    return any(column.field in CONSENTS for column in columns)


async def _said_before(
    tx: Writer, contacts: Mapping[str, Existing]
) -> dict[UUID, dict[Channel, Consent]]:
    """What contacts have said of marketing."""
    said = await tx.compliance.consents_of([contact.id for contact in contacts.values()])
    return {
        contact_id: {
            each.consent.channel: each.consent
            for each in consents
            if each.consent.purpose is Purpose.MARKETING
        }
        for contact_id, consents in said.items()
    }


def _statuses(said: Mapping[Channel, Consent]) -> dict[Channel, ConsentStatus]:
    return {channel: consent.status for channel, consent in said.items()}


async def _with_known_owners(
    tx: Writer,
    reader: RowReader,
    rows: dict[int, Row],
    read: Sequence[ReadRow | RefusedRow],
) -> list[ReadRow | RefusedRow]:
    """`read` with those rows refused that name an owner who is no user of the account."""
    owners = {
        row.values.owner_id for row in read if isinstance(row, ReadRow) and row.values.owner_id
    }
    unknown = owners - await tx.contacts.known_users(owners) if owners else frozenset[UUID]()
    problem = reader.problem("owner_id", "there is no user with this id")
    return [
        reader.refused(rows[row.number], [problem])
        if isinstance(row, ReadRow) and row.values.owner_id in unknown
        else row
        for row in read
    ]


async def _store(tx: Writer, outcome: BatchOutcome) -> None:
    if outcome.created:
        stored = await tx.contacts.add(outcome.created)
        if len(stored) < len(outcome.created):
            raise CollidedError
    for contact_id, values in outcome.created:
        known = {name: value for name, value in contact_facts(values).items() if value is not None}
        tx.record(Change("contact.created", "contact", contact_id, after=known))
        tx.emit(CONTACT_CREATED, contact_id, created_data(EventSource.IMPORT, values))
    if outcome.values:
        await tx.contacts.update_all(outcome.values)
    for contact_id, changed in outcome.updates:
        tx.record(
            Change("contact.updated", "contact", contact_id, None, changed.before, changed.after)
        )
        tx.emit(CONTACT_UPDATED, contact_id, updated_data(EventSource.IMPORT, changed))
    if outcome.tags:
        for contact_id, tag_id, name in await tx.contacts.tag(list(outcome.tags)):
            tx.emit(TAG_ADDED, contact_id, {"tag_id": str(tag_id), "tag_name": name})


async def _store_consents(
    tx: Writer,
    said: Mapping[UUID, Mapping[Channel, ConsentStatus]],
    before: Mapping[UUID, Mapping[Channel, Consent]],
    import_id: UUID,
) -> None:
    consents = {
        contact_id: [
            Consent(
                channel, Purpose.MARKETING, status, _SOURCE, {"contact_import_id": str(import_id)}
            )
            for channel, status in statuses.items()
        ]
        for contact_id, statuses in said.items()
    }
    await tx.compliance.set_consents(consents, tx.actor)
    for contact_id, given in consents.items():
        for consent in given:
            record_consent(tx, contact_id, before.get(contact_id, {}).get(consent.channel), consent)
