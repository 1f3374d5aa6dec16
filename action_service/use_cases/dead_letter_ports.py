"""What use cases need of the store of dead letters, and of the streams that they go back to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from action_service.domain.dead_letters import (
    DeadLetter,
    LetterKind,
    LetterState,
    StepStanding,
)


class DeadLetterFilter(NamedTuple):
    """Which are listed; None for any."""

    state: LetterState
    kind: LetterKind | None = None
    workflow_id: UUID | None = None
    execution_id: UUID | None = None


class DeadLetterReads(Protocol):
    """Messages that were given up."""

    async def get(self, letter_id: UUID) -> DeadLetter | None:
        """The letter; None when the account has no such one."""
        ...

    async def list_page(
        self, which: DeadLetterFilter, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[DeadLetter]:
        """The first to die first, those beyond `after`."""
        ...

    async def of_steps(self, action_execution_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """The last letter of each step that is open, by action execution."""
        ...


class DeadLetterWrites(DeadLetterReads, Protocol):
    """What becomes of them."""

    async def lock(self, letter_id: UUID) -> DeadLetter | None:
        """The letter, kept from every other change until the transaction ends."""
        ...

    async def step(self, letter: DeadLetter) -> StepStanding | None:
        """Where its step stands by now; None when it has none."""
        ...

    async def close(self, letter_id: UUID, state: LetterState, by: str, reason: str) -> None:
        """Stores what has become of a letter; one that is discarded says nothing any more."""
        ...


class Relay(Protocol):
    """Sends letters where they came from."""

    async def send(self, letter: DeadLetter) -> None:
        """Returns once the stream has it; raises TreadleError when that could not be."""
        ...
