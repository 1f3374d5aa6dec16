"""What reading of messages needs of the store."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.messages import DeliveryState, Message, StepDelivery


class MessageReads(Protocol):
    """What was sent, and what goes out beside steps' own work."""

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        contact_id: UUID | None,
        workflow_id: UUID | None,
        execution_id: UUID | None,
        state: DeliveryState | None,
    ) -> Sequence[Message]:
        """Newest first, those older than `before`."""
        ...

    async def of_steps(self, step_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Message]]:
        """What each action execution has sent, oldest first; none for those left out."""
        ...

    async def deliveries_of_steps(
        self, step_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[StepDelivery]]:
        """What each action execution sends beside its own work; none for those left out."""
        ...
