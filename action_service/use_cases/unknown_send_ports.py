"""What use cases need of unknown sends' store."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from action_service.domain.unknown_sends import SendState, UnknownSend, Verdict


class UnknownSendFilter(NamedTuple):
    """Which are listed; None for any."""

    state: SendState
    workflow_id: UUID | None = None
    contact_id: UUID | None = None
    channel: str | None = None
    unknown_before: datetime | None = None


class UnknownSendReads(Protocol):
    """Sends whose outcome is, or was, unknown."""

    async def get(self, send_id: UUID) -> UnknownSend | None:
        """The send; None when the account has no such one."""
        ...

    async def list_page(
        self, which: UnknownSendFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[UnknownSend]:
        """Oldest first, those beyond `after`."""
        ...

    async def of_steps(self, action_execution_ids: Collection[UUID]) -> Mapping[UUID, UnknownSend]:
        """The last one of each step's own work, by action execution."""
        ...


class UnknownSendWrites(UnknownSendReads, Protocol):
    """Decisions about them."""

    async def lock(self, send_ids: Collection[UUID]) -> Sequence[UnknownSend]:
        """Those that are there, kept from every other decision until the transaction ends."""
        ...

    async def is_taken(self, provider: str, message_id: str) -> bool:
        """Whether the provider's message is known to be the work of an attempt."""
        ...

    async def decide(self, send_ids: Collection[UUID], verdict: Verdict) -> None:
        """Stores what is decided about sends that `lock` has shown to be open."""
        ...
