"""What sends tell the ledger of whom they are for, and what comes of its refusal."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from executor_service.ports import Refused
from executor_service.recipients import Recipient
from tests.unit.executor_service.handlers.harness import CONTACT, TEMPLATE_ID, Bench, world
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_MARKETING as MARKETING
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_TRANSACTIONAL as TRANSACTIONAL
from treadle.catalog.v1.send_purpose_pb2 import SendPurpose
from treadle.compliance.v1.compliance_pb2 import CHANNEL_EMAIL, CHANNEL_SMS
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import (
    DELIVERY_CHANNEL_EMAIL,
    DELIVERY_CHANNEL_SMS,
    ActionTask,
    Delivery,
)

SMS: dict[str, Any] = {"message": "Hi", "from_number": "+14155550100"}
EMAIL: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "Hi",
    "from_name": "Bakery",
    "from_email": "b@example.com",
}


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    async with world() as made:
        yield made.bench()


@pytest.mark.parametrize(
    ("config", "purpose"),
    [
        ({}, MARKETING),
        ({"purpose": "marketing"}, MARKETING),
        ({"purpose": "transactional"}, TRANSACTIONAL),
        ({"respect_quiet_hours": False}, TRANSACTIONAL),
        ({"respect_quiet_hours": False, "purpose": "transactional"}, TRANSACTIONAL),
    ],
    ids=["none", "marketing", "transactional", "loud", "loud-transactional"],
)
async def test_an_sms_says_whom_it_is_for(
    bench: Bench, config: dict[str, Any], purpose: SendPurpose
) -> None:
    await bench.result("send_sms", SMS | config)
    expected = Recipient(CHANNEL_SMS, CONTACT["phone"], purpose, CONTACT["id"])
    assert bench.ledger.recipients == [expected]


@pytest.mark.parametrize(
    ("config", "purpose"),
    [({}, MARKETING), ({"purpose": "transactional"}, TRANSACTIONAL)],
    ids=["none", "transactional"],
)
async def test_an_email_says_whom_it_is_for(
    bench: Bench, config: dict[str, Any], purpose: SendPurpose
) -> None:
    await bench.result("send_email", EMAIL | config)
    expected = Recipient(CHANNEL_EMAIL, CONTACT["email"], purpose, CONTACT["id"])
    assert bench.ledger.recipients == [expected]


@pytest.mark.parametrize(
    ("channel", "address", "expected"),
    [
        (DELIVERY_CHANNEL_SMS, "+14155550100", CHANNEL_SMS),
        (DELIVERY_CHANNEL_EMAIL, "user@example.com", CHANNEL_EMAIL),
    ],
    ids=["sms", "email"],
)
async def test_news_for_users_are_no_marketing_and_no_contact_s(
    bench: Bench, channel: Any, address: str, expected: Any
) -> None:
    delivery = Delivery(id="d", channel=channel, recipient=address, subject="News", body="News")
    task = ActionTask(attempt_id="a", action_execution_id="x", account_id="acc", delivery=delivery)
    await bench.run(task)
    assert bench.ledger.recipients == [Recipient(expected, address, TRANSACTIONAL)]


@pytest.mark.parametrize(
    ("action_type", "config", "provider"),
    [("send_sms", SMS, "twilio"), ("send_email", EMAIL, "sendgrid")],
    ids=["sms", "email"],
)
async def test_a_send_that_is_refused_is_skipped_with_the_reason(
    bench: Bench, action_type: str, config: dict[str, Any], provider: str
) -> None:
    bench.ledger.decision = Refused("suppressed: unsubscribed on 2026-03-01")
    result = await bench.result(action_type, config)
    assert isinstance(result, ActionResult)
    assert result.skipped.reason == "suppressed: unsubscribed on 2026-03-01"
    assert not result.claimant
    assert bench.inbox(provider) == []


async def test_a_number_that_twilio_does_not_send_to_is_skipped(bench: Bench) -> None:
    contact = CONTACT | {"phone": "+15005550004", "timezone": "Europe/Berlin"}
    result = await bench.result("send_sms", SMS, {"contact": contact})
    reason = "suppressed: Twilio sends nothing to this number since it answered STOP"
    assert result.skipped.reason == reason
    assert result.skipped.opted_out == "+15005550004"
    assert result.claimant
    assert bench.inbox("twilio") == []
