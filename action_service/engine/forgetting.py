"""Has the scheduler forget timers that are for nothing any more.

A wait may end before its instant: by an event, by an operator, with its run. Its timer would be
fenced when it is due, which may be in a year. The database notes whose timers are spent, in the
transaction that makes them so; this tells the scheduler, and strikes them out once it is told.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from action_service.engine.model import Task
from action_service.engine.ports import Ringer
from common.ids import new_id_text
from common.nats import FORGET_SUBJECT
from treadle.dispatch.v1.task_pb2 import DelayedTask


class SpentTimers(Protocol):
    """Where it is noted whose timers are spent."""

    def taken(self, limit: int) -> AbstractAsyncContextManager[Sequence[str]]:
        """Up to so many attempts; struck out when the block ends well.

        Raises StoreUnavailableError.
        """
        ...


class Forgetting:
    """Tells the scheduler."""

    def __init__(self, spent: SpentTimers, ringer: Ringer) -> None:
        self._spent = spent
        self._ringer = ringer

    async def sweep(self, limit: int) -> int:
        """Has up to so many timers forgotten; returns how many.

        Raises StoreUnavailableError when store or stream are out of reach: it is tried again.
        """
        async with self._spent.taken(limit) as attempts:
            if attempts:
                await self._ringer.hand_over(forget_task(attempts))
            return len(attempts)


def forget_task(attempts: Sequence[str]) -> Task:
    """The message that has the attempts' timers forgotten."""
    message = DelayedTask(spent_attempt_ids=attempts)
    return Task(FORGET_SUBJECT, message.SerializeToString(), new_id_text(), {})
