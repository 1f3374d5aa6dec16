"""A provider that hangs takes its own share of an executor, and no more."""

from collections import Counter
from typing import Any

from tests.integration.executor_service.world import SMS, TEMPLATE_ID, World, until
from treadle.dispatch.v1.result_pb2 import ActionResult

SLOTS = 4
EMAIL: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Hello",
    "from_name": "Treadle",
    "from_email": "hello@example.com",
    "purpose": "transactional",
}


def came_to(results: list[ActionResult], executions: set[str]) -> Counter[str | None]:
    return Counter(
        each.WhichOneof("outcome") for each in results if each.execution_id in executions
    )


async def test_text_messages_go_out_while_the_email_provider_hangs(around: World) -> None:
    around.tell("sendgrid", "hang")
    emails = [around.task("send_email", EMAIL) for _ in range(5 * SLOTS)]
    texts = [around.task("send_sms", SMS) for _ in range(20 * SLOTS)]
    of_emails = {task.execution_id for task in emails}
    of_texts = {task.execution_id for task in texts}
    patient = {"concurrency": SLOTS, "provider_timeout_seconds": 300}
    async with around.executor("communication", finish_s=0.1, **patient):
        # All slots are taken by emails before the first text message comes.
        await around.ring(emails)
        await until(lambda: sum(map(len, around.ledger.calls)) == SLOTS)
        await around.ring(texts)
        await around.have_results(len(texts) + len(emails) - SLOTS)
        results = list(around.results)
        assert came_to(results, of_texts) == {"completed": len(texts)}
        # As many as may be are under way; the others wait where they are in nobody's way.
        assert came_to(results, of_emails) == {"deferred": len(emails) - SLOTS}
    reasons = {each.deferred.reason for each in results if each.HasField("deferred")}
    assert reasons == {"4 calls to sendgrid are under way: it is slow"}
    assert len(around.sent("twilio")) == len(texts)
    assert sum(len(call) for call in around.ledger.calls) == len(texts) + SLOTS


async def test_a_provider_that_works_has_all_slots_to_itself(around: World) -> None:
    around.tell("twilio", "slow", delay_ms=20)
    texts = [around.task("send_sms", SMS) for _ in range(20 * SLOTS)]
    async with around.executor("communication", concurrency=SLOTS):
        await around.ring(texts)
        await around.have_results(len(texts))
    assert came_to(around.results, {task.execution_id for task in texts}) == {
        "completed": len(texts)
    }
