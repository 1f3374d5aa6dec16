"""Looking for messages that may have been sent, with the providers' own SDKs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from common.ids import new_id_text
from devstack.simulator.failures import Control
from tests.unit.executor_service.handlers.calls import FROM, PUBLIC_URL, TO
from tests.unit.executor_service.handlers.harness import (
    TEMPLATE_ID,
    Bench,
    answering,
    closed_port_url,
)
from treadle.dispatch.v1.result_pb2 import ActionResult, Looked
from treadle.dispatch.v1.task_pb2 import (
    DELIVERY_CHANNEL_CALL,
    DELIVERY_CHANNEL_EMAIL,
    DELIVERY_CHANNEL_SMS,
    ActionTask,
    Lookup,
    Sent,
)
from treadle.execution.v1.execution_pb2 import ERROR_CLASS_UNKNOWN_OUTCOME
from treadle.ledger.v1 import unknown_send_pb2 as pb

SMS: dict[str, Any] = {
    "message": "Hi {{ contact.first_name }}",
    "from_number": "+14155550199",
    "respect_quiet_hours": False,
}
EMAIL: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Welcome",
    "from_name": "Treadle",
    "from_email": "hello@example.com",
}
CALL: dict[str, Any] = {
    "from_number": FROM,
    "destination_type": "external",
    "destination_value": "+14155550123",
    "respect_quiet_hours": False,
}
KINDS = {"send_sms": ("twilio", SMS), "send_email": ("sendgrid", EMAIL)}
PLACES = KINDS | {"make_call": ("twilio_voice", CALL)}


async def lose(bench: Bench, action_type: str, mode: str) -> ActionTask:
    """A send whose answer is lost; returns the look for it."""
    provider, config = PLACES[action_type]
    began = datetime.now(UTC)
    bench.simulator.plan.set(Control(provider=provider, mode=mode, count=1))  # pyright: ignore[reportArgumentType] - one of them
    task = bench.task(action_type, config)
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    assert result.failed.error_class == ERROR_CLASS_UNKNOWN_OUTCOME
    return look(task.attempt_id, result.sent, began, datetime.now(UTC))


def look(attempt_id: str, sent: Sent, after: datetime, before: datetime) -> ActionTask:
    lookup = Lookup(attempt_id=attempt_id, sent=sent, after=after, before=before)
    return ActionTask(attempt_id=new_id_text(), account_id=new_id_text(), lookup=lookup)


async def looked(bench: Bench, task: ActionTask) -> Looked:
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    assert result.attempt_id == task.attempt_id
    assert result.looked.attempt_id == task.lookup.attempt_id
    # Nothing is claimed, and so nothing sent, by asking.
    assert task.attempt_id not in bench.ledger.claims
    return result.looked


@pytest.mark.parametrize("mode", ["accept_then_reset", "accept_then_hang"])
@pytest.mark.parametrize("action_type", KINDS)
async def test_what_was_taken_is_found_with_the_output_of_the_action(
    bench: Bench, action_type: str, mode: str
) -> None:
    provider, config = KINDS[action_type]
    answer = await looked(bench, await lose(bench, action_type, mode))
    assert answer.finding == pb.LOOKUP_FINDING_FOUND
    (found,) = answer.found
    (message,) = bench.inbox(provider)
    assert found.provider_reference == message["id"]
    good = await bench.result(action_type, config)
    expected = orjson.loads(good.completed.output_json) | {"message_id": message["id"]}
    assert orjson.loads(found.output_json) == expected


@pytest.mark.parametrize("action_type", KINDS)
async def test_what_was_not_taken_is_not_found(bench: Bench, action_type: str) -> None:
    provider, config = KINDS[action_type]
    task = await lose(bench, action_type, "reset")
    # What another attempt has sent to them is another message.
    if action_type == "send_sms":
        await bench.result("send_sms", SMS | {"message": "Something else"})
    else:
        await bench.result(action_type, config)
    answer = await looked(bench, task)
    assert answer.finding == pb.LOOKUP_FINDING_NOT_FOUND
    assert not answer.found
    assert answer.note.endswith("listed no such message")
    assert len(bench.inbox(provider)) == 1


async def test_the_same_text_at_another_time_is_another_message(bench: Bench) -> None:
    task = await lose(bench, "send_sms", "accept_then_reset")
    before = datetime.now(UTC) - timedelta(minutes=30)
    task.lookup.after.FromDatetime(before - timedelta(minutes=1))
    task.lookup.before.FromDatetime(before)
    assert (await looked(bench, task)).finding == pb.LOOKUP_FINDING_NOT_FOUND


async def test_a_message_is_found_behind_pages_of_others(bench: Bench) -> None:
    task = await lose(bench, "send_sms", "accept_then_reset")
    (sought,) = bench.inbox("twilio")
    for number in range(210):
        await bench.result("send_sms", SMS | {"message": f"Number {number}"})
    answer = await looked(bench, task)
    assert [each.provider_reference for each in answer.found] == [sought["id"]]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("403", "answered 403 Forbidden"),
        ("429", "answered 429 Too Many Requests"),
        ("503", "answered 503 Service Unavailable"),
        ("hang", "did not answer: read timeout"),
        ("reset", "did not answer"),
        ("garbage", "did not answer: its answer could not be read"),
    ],
)
@pytest.mark.parametrize("action_type", KINDS)
async def test_a_provider_that_does_not_say_settles_nothing(
    bench: Bench, action_type: str, mode: str, words: str
) -> None:
    provider, _ = KINDS[action_type]
    task = await lose(bench, action_type, "reset")
    bench.simulator.plan.set(Control(provider=provider, mode=mode))  # pyright: ignore[reportArgumentType] - one of them
    answer = await looked(bench, task)
    assert answer.finding == pb.LOOKUP_FINDING_CANNOT_TELL
    assert words in answer.note


async def test_a_provider_that_is_not_there_settles_nothing(bench: Bench) -> None:
    task = await lose(bench, "send_sms", "reset")
    bench.use(provider_url=closed_port_url())
    assert (await looked(bench, task)).finding == pb.LOOKUP_FINDING_CANNOT_TELL
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as url:
        bench.use(provider_url=url)
        answer = await looked(bench, task)
    assert answer.finding == pb.LOOKUP_FINDING_CANNOT_TELL


async def test_without_credentials_nobody_can_be_asked(bench: Bench) -> None:
    task = await lose(bench, "send_email", "reset")
    bench.use(provider_url=bench.url, credentials=False)
    answer = await looked(bench, task)
    assert answer.finding == pb.LOOKUP_FINDING_CANNOT_TELL
    assert "SENDGRID_API_KEY" in answer.note


async def test_what_was_sent_must_be_known_to_be_looked_for(bench: Bench) -> None:
    now = datetime.now(UTC)
    sms = look(new_id_text(), Sent(channel=DELIVERY_CHANNEL_SMS), now, now)
    answer = await looked(bench, sms)
    assert answer.finding == pb.LOOKUP_FINDING_CANNOT_TELL
    assert "what was sent is not known" in answer.note
    # Emails carry the attempt's id.
    email = look(new_id_text(), Sent(channel=DELIVERY_CHANNEL_EMAIL), now, now)
    assert (await looked(bench, email)).finding == pb.LOOKUP_FINDING_NOT_FOUND
    call = look(new_id_text(), Sent(channel=DELIVERY_CHANNEL_CALL, recipient=TO), now, now)
    assert "numbers are not known" in (await looked(bench, call)).note
    other = look(new_id_text(), Sent(), now, now)
    assert (await looked(bench, other)).finding == pb.LOOKUP_FINDING_CANNOT_TELL


@pytest.fixture
def phone(bench: Bench) -> Bench:
    """A bench that can be reached by providers."""
    bench.use(provider_url=bench.url, public_url=PUBLIC_URL)
    return bench


async def test_a_call_is_found_by_its_numbers_and_time(phone: Bench) -> None:
    task = await lose(phone, "make_call", "accept_then_reset")
    assert task.lookup.sent == Sent(channel=DELIVERY_CHANNEL_CALL, recipient=TO, sender=FROM)
    answer = await looked(phone, task)
    assert answer.finding == pb.LOOKUP_FINDING_FOUND
    assert answer.note == "Twilio listed a call that may be the one"
    (call,) = phone.inbox("twilio_voice")
    assert [each.provider_reference for each in answer.found] == [call["id"]]
    # What it comes to is told when it has ended.
    assert orjson.loads(answer.found[0].output_json) == {}
    then = datetime.now(UTC) - timedelta(minutes=30)
    task.lookup.after.FromDatetime(then - timedelta(minutes=1))
    task.lookup.before.FromDatetime(then)
    assert (await looked(phone, task)).finding == pb.LOOKUP_FINDING_NOT_FOUND


async def test_a_call_that_was_not_placed_is_not_found(phone: Bench) -> None:
    task = await lose(phone, "make_call", "reset")
    await phone.result("make_call", CALL | {"from_number": "+14155550166"})
    answer = await looked(phone, task)
    assert answer.finding == pb.LOOKUP_FINDING_NOT_FOUND
    assert answer.note == "Twilio listed no such call"
    assert len(phone.inbox("twilio_voice")) == 1


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("503", "answered 503 Service Unavailable"),
        ("hang", "did not answer: read timeout"),
        ("garbage", "did not answer: its answer could not be read"),
    ],
)
async def test_when_no_calls_are_listed_nothing_is_settled(
    phone: Bench, mode: str, words: str
) -> None:
    task = await lose(phone, "make_call", "reset")
    phone.simulator.plan.set(Control(provider="twilio_voice", mode=mode))  # pyright: ignore[reportArgumentType] - one of them
    answer = await looked(phone, task)
    assert answer.finding == pb.LOOKUP_FINDING_CANNOT_TELL
    assert words in answer.note


async def test_a_run_that_comes_second_says_what_the_first_may_have_sent(bench: Bench) -> None:
    task = bench.task("send_sms", SMS)
    first, second = await bench.run(task), await bench.run(task)
    assert isinstance(first, ActionResult)
    assert isinstance(second, ActionResult)
    assert not first.HasField("sent")
    assert second.failed.error_class == ERROR_CLASS_UNKNOWN_OUTCOME
    output = orjson.loads(first.completed.output_json)
    assert (second.sent.recipient, second.sent.text) == (output["to"], output["body"])
    assert second.sent.sender == SMS["from_number"]
