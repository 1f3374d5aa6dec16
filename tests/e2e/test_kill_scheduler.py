"""`kill -9` of the scheduler between a timer's being stored and its being due."""

from datetime import UTC, datetime, timedelta

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_books import check_books, no_timers
from tests.support.e2e_rest import Customer, Json, tag, told, wait
from tests.support.foreground import eventually

PAUSE = timedelta(seconds=4)


def test_waits_outlive_the_scheduler(own_stack: Stack) -> None:
    """R4.1: the state of an execution that waits is stored for recovery."""
    with Account(own_stack) as account:
        api = Customer(account.http())
        workflow = api.workflow(wait(PAUSE.seconds), tag("rested"))
        executions = api.start(workflow, api.people(200))

        def steps(*statuses: str) -> list[int]:
            """How many times each step has come to one of the statuses."""
            summary = api.get(f"workflows/{workflow}/executions/summary")
            return [sum(step[status] for status in statuses) for step in summary["steps"]]

        assert eventually(lambda: steps("waiting", "completed")[0] == 200)
        own_stack.services["scheduler"].kill()
        own_stack.services["scheduler"].restart()
        back_at = datetime.now(UTC)
        assert eventually(lambda: steps("completed") == [200, 200])

        for execution in executions:
            log = api.log(execution)
            assert told(log) == [("wait", "completed"), ("rested", "completed")]
            _check_wait(log[0], back_at)
            assert len(log[0]["attempts"]) == 1
        assert no_timers(own_stack)
        check_books(own_stack)


def _check_wait(step: Json, back_at: datetime) -> None:
    """Not a moment early; and not late, but for the time in which there was no scheduler."""
    began, due, ended = (
        datetime.fromisoformat(text)
        for text in (step["started_at"], step["scheduled_at"], step["completed_at"])
    )
    assert due - began == PAUSE
    assert due <= ended <= max(due, back_at) + timedelta(seconds=5)
