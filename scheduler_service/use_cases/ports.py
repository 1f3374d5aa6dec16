"""What the use cases need from the outside."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from common.readiness import NotReadyError
from scheduler_service.domain.timer import DueTimer, HeldTimer, NewTimer, Timer


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish; `message_id` lets the stream drop a second copy of it."""

    subject: str
    payload: bytes
    message_id: str | None = None
    # Why it is a dead letter; such a message carries it as a header.
    reason: str | None = None


class Publisher(Protocol):
    """Puts messages on streams."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        """Publishes all; for each, None once a stream has stored it, else why it has not."""
        ...


class Backlog(Protocol):
    """What has been published and not been worked off yet."""

    async def room(self) -> None:
        """Waits, but not for long, until there is little of it."""
        ...


class Claim(Protocol):
    """Due timers that are this process's to fire until the claim's transaction ends."""

    @property
    def timers(self) -> Sequence[DueTimer]:
        """What was claimed, in no particular order."""
        ...

    @property
    def claimed_at(self) -> datetime:
        """The database's clock at the claim."""
        ...

    async def settle(self, delivered: Collection[UUID], failed: Collection[UUID]) -> None:
        """Removes the timers that were delivered; puts off another try of those that failed."""
        ...


@dataclass(frozen=True, slots=True)
class NextDue:
    """The next timer's instant, and how far that is from the database's present."""

    at: datetime
    distance: timedelta


class TimerStore(Protocol):
    """Where timers survive."""

    async def add(self, timers: Sequence[NewTimer]) -> Mapping[UUID, HeldTimer]:
        """Stores the timers durably, at most one for each attempt.

        Of a delayed task the later instant wins, of a wait the later plan. Returns those that were
        there already and were left as they are, by attempt. Raises StoreUnavailableError.
        """
        ...

    async def forget(self, attempt_ids: Sequence[UUID]) -> None:
        """Removes the timers of these attempts but for those that are just being fired.

        Raises StoreUnavailableError.
        """
        ...

    def claim(self, limit: int) -> AbstractAsyncContextManager[Claim]:
        """Claims up to `limit` timers that are due by the database's clock, due longest first.

        Leaving the block normally commits what was settled; an exception gives everything back.
        """
        ...

    def claim_in_turn(self, limit: int) -> AbstractAsyncContextManager[Claim]:
        """As `claim`, but an equal share of each account with due timers whose turn it is.

        May find less than there is: accounts go round from call to call.
        """
        ...

    async def next_due(self) -> NextDue | None:
        """The earliest timer; None when there is none."""
        ...


class TimerReader(Protocol):
    """Timers for people to see, one account at a time; raises StoreUnavailableError."""

    async def get(self, account_id: UUID, attempt_id: UUID) -> Timer | None:
        """The account's timer of that attempt; None when there is none."""
        ...

    async def list(
        self,
        account_id: UUID,
        *,
        execution_id: UUID | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Timer]:
        """The account's timers by (due_at, attempt_id), those after `after` only."""
        ...


class StoreUnavailableError(NotReadyError):
    """The database cannot serve now; nothing has been written."""


class StoreBusyError(StoreUnavailableError):
    """It has more to do than there are connections for."""


class NotPublishedError(NotReadyError):
    """No stream took the messages; whoever sent them keeps what they were made from."""
