"""Steps whose outcome is unknown, and what executors answer when they have asked a provider."""

import orjson

from tests.support.engine import Bench, HandExecutor, Seeded, Step, result_for
from tests.support.inbound import SMS, sending
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import DELIVERY_CHANNEL_SMS, ActionTask, Sent
from treadle.execution.v1 import execution_pb2
from treadle.ledger.v1 import unknown_send_pb2

STATE = "SELECT state FROM unknown_sends WHERE id = CAST(:id AS uuid)"
STEP = "SELECT status FROM workflow_action_executions WHERE id = CAST(:id AS uuid)"


async def claimed(world: Bench, *tasks: ActionTask) -> None:
    """The ledger grants the attempts."""
    for task in tasks:
        await world.execute(
            "INSERT INTO send_claims (attempt_id, account_id, action_execution_id)"
            " VALUES (CAST(:attempt AS uuid), CAST(:account AS uuid), CAST(:step AS uuid))",
            attempt=task.attempt_id,
            account=task.account_id,
            step=task.action_execution_id,
        )


def lost(task: ActionTask) -> ActionResult:
    """The word of a run that handed its message over and got no answer."""
    result = result_for(task)
    result.claimant = True
    result.failed.error_class = execution_pb2.ERROR_CLASS_UNKNOWN_OUTCOME
    result.failed.message = "Twilio did not answer (read timeout)"
    sent = Sent(channel=DELIVERY_CHANNEL_SMS, recipient="+14155550100", sender="+14155550199")
    sent.text = "Hello"
    result.sent.CopyFrom(sent)
    return result


async def became_unknown(
    world: Bench,
    executor: HandExecutor,
    *,
    contacts: int = 1,
    account_id: str | None = None,
    step: Step = SMS,
) -> tuple[Seeded, list[ActionTask]]:
    """Executions whose first step may have sent, and its tasks."""
    home, tasks = await sending(world, executor, step, contacts, account_id=account_id)
    await claimed(world, *tasks)
    await executor.answer(*(lost(task) for task in tasks))
    await world.until(
        "SELECT count(*) FROM unknown_sends WHERE workflow_id = CAST(:id AS uuid)",
        contacts,
        id=home.workflow_id,
    )
    return home, tasks


def looked(lookup: ActionTask, *references: str) -> ActionResult:
    """What an executor answers when it has asked; without references: nothing was listed."""
    result = result_for(lookup)
    answer = result.looked
    answer.attempt_id = lookup.lookup.attempt_id
    answer.note = "Twilio listed no such message"
    answer.finding = unknown_send_pb2.LOOKUP_FINDING_NOT_FOUND
    for reference in references:
        answer.finding = unknown_send_pb2.LOOKUP_FINDING_FOUND
        answer.note = "Twilio listed a message that may be the one"
        output = orjson.dumps({"message_id": reference, "segments": 1})
        answer.found.add(provider_reference=reference, output_json=output)
    return result
