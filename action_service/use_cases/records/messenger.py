"""Facebook pages that messages come from, and the people who have written to them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from action_service.domain.credentials import DEFAULT_NAME
from action_service.domain.record import Record, text_in
from action_service.use_cases.credentials import is_name
from action_service.use_cases.ports import Transaction, Writer
from action_service.use_cases.records.crud import get_record
from action_service.use_cases.records.kind import Draft, RecordKind
from common.errors import FieldViolation
from treadle.record.v1 import messenger_pb2

# It goes into paths.
_FACEBOOK_ID: Final = re.compile(r"[A-Za-z0-9_.-]+")
# Of one person on one page; more are there only by mistake.
_MOST_IDENTITIES: Final = 100
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


async def _settle_page(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    found: list[FieldViolation] = []
    if (page := text_in(draft.values, "facebook_page_id")) and not _FACEBOOK_ID.fullmatch(page):
        found.append(FieldViolation("facebook_page_id", "must be a page's id, without spaces"))
    if (name := text_in(draft.values, "credential")) and not is_name(name):
        found.append(FieldViolation("credential", "must be the name of a credential"))
    return found


MESSENGER_PAGE: Final = RecordKind(
    messenger_pb2.MessengerPage,
    "messenger_pages",
    by_name=True,
    defaults={"credential": DEFAULT_NAME},
    settle=_settle_page,
)
MESSENGER_IDENTITY: Final = RecordKind(messenger_pb2.MessengerIdentity, "messenger_identities")


class Conversation(NamedTuple):
    """Whom a message from a page to a contact goes to; None when the page does not know them."""

    page: Record
    identity: Record | None


async def conversation(tx: Transaction, page_id: UUID, contact_id: UUID) -> Conversation:
    """Where the contact last wrote to the page; refuses a page that is not there."""
    page = await get_record(tx, MESSENGER_PAGE, page_id)
    known = await tx.records.list_page(
        MESSENGER_IDENTITY.name,
        limit=_MOST_IDENTITIES,
        after=None,
        filters={
            "messenger_page_id": str(page_id),
            "contact_id": str(contact_id),
            "psid": None,
            "unlinked_only": False,
        },
    )
    return Conversation(page, max(known, key=_last_message_at, default=None))


def _last_message_at(identity: Record) -> datetime:
    told = text_in(identity.values, "last_message_at")
    return datetime.fromisoformat(told) if told else _NEVER
