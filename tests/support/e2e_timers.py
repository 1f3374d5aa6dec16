"""Waits that end when a test wants it, not after a time in which it may be held up itself."""

from collections.abc import Sequence

from devstack.postgres import DATABASE
from devstack.stack import Stack
from tests.support.scheduler import BRING_FORWARD


def bring_forward(stack: Stack, executions: Sequence[str]) -> None:
    """Makes the timers of the executions due; the scheduler looks every second."""
    ids = ", ".join(f"'{execution}'" for execution in executions)
    stack.postgres.query(f"{BRING_FORWARD} WHERE execution_id IN ({ids})", DATABASE)
