"""Waits and questions whose time comes when a test says so, however busy the machine is."""

from collections.abc import Sequence

from devstack.postgres import DATABASE
from devstack.stack import Stack
from tests.support.scheduler import BRING_FORWARD


def bring_forward(stack: Stack, executions: Sequence[str]) -> None:
    """Makes the timers of the executions due; the scheduler looks every second."""
    ids = ", ".join(f"'{execution}'" for execution in executions)
    stack.postgres.query(f"{BRING_FORWARD} WHERE execution_id IN ({ids})", DATABASE)


def ask_now(stack: Stack, unknown_send: str) -> None:
    """Has the provider be asked for a message; the first look is counted as done."""
    due = "UPDATE treadle.unknown_sends SET looks = greatest(looks, 1), due_at = now()"
    stack.postgres.query(f"{due} WHERE id = '{unknown_send}'", DATABASE)
