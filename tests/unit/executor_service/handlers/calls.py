"""What the tables of both actions that call share."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from devstack.simulator.failures import Control
from tests.unit.executor_service.handlers.harness import CONTEXT, NOON, Bench
from treadle.dispatch.v1 import task_pb2
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

PUBLIC_URL = "https://treadle.example.com/base"
FROM = "+14155550100"
TO = "+4915112345678"
CALL_ID = "CA00000000000000000000000000000001"


def told(mode: str, **rules: Any) -> list[Control]:
    """What Twilio is told to do with calls."""
    return [Control(provider="twilio_voice", mode=mode, **rules)]


def placed(
    bench: Bench,
    action_type: str,
    config: Mapping[str, Any],
    *,
    call_id: str = CALL_ID,
    status: str = "QUEUED",
    since: timedelta = timedelta(minutes=1),
    attempt: int = 1,
    **known: Any,
) -> ActionTask:
    """A task whose call was placed some time ago; `known` is what Twilio has told of it."""
    task = bench.task(action_type, config, CONTEXT)
    task.attempt_number = attempt
    task.call.call_id = call_id
    task.call.status = cast(
        "task_pb2.CallStatus", task_pb2.CallStatus.Value(f"CALL_STATUS_{status}")
    )
    task.call.placed_at.FromDatetime(NOON - since)
    if seconds := known.pop("seconds", 0):
        task.call.duration.FromSeconds(seconds)
    for name, value in known.items():
        setattr(task.call, name, value)
    return task


async def answer(bench: Bench, task: ActionTask) -> ActionResult:
    """The result, which makes no call and claims nothing when one was placed before."""
    claims, calls = len(bench.ledger.claims), len(bench.inbox("twilio_voice"))
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    if task.HasField("call"):
        assert (len(bench.ledger.claims), len(bench.inbox("twilio_voice"))) == (claims, calls)
    return result
