"""Deliveries: emails and SMS that are no step's own work, SPEC-WFL-003 R5.1 and R6.1."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest

from common.errors import dependency_unavailable
from common.ids import new_id
from devstack.simulator.failures import Control
from executor_service.deliveries import Sender
from executor_service.pipeline import Stale
from executor_service.ports import ClaimDecision, EmailTemplate
from tests.unit.executor_service.handlers.harness import CONTEXT, TEMPLATE_ID, Bench
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask, Delivery
from treadle.execution.v1.execution_pb2 import ErrorClass

AWAY = dependency_unavailable("action service", timedelta(seconds=1))
NO_SENDER = Sender("", "", "")
EMAIL: dict[str, Any] = {
    "channel": "DELIVERY_CHANNEL_EMAIL",
    "recipient": "ben@example.com",
    "recipient_name": "Ben",
    "subject": "Hot lead",
    "body": "Ann called.\nTwice.\n\nCall <her>.",
}
SMS: dict[str, Any] = {
    "channel": "DELIVERY_CHANNEL_SMS",
    "recipient": "+4915112345678",
    "body": "Hot lead\nAnn called.",
}


def task_of(message: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> ActionTask:
    """The task of a delivery; like the engine's it names no execution."""
    return ActionTask(
        attempt_id=str(new_id()),
        action_execution_id=str(new_id()),
        account_id=str(new_id()),
        contact_id=str(new_id()),
        attempt_number=1,
        context_json=b"" if context is None else orjson.dumps(context),
        delivery=Delivery(id=str(new_id()), **message),
    )


async def answer(bench: Bench, task: ActionTask) -> ActionResult:
    result = await bench.run(task)
    assert isinstance(result, ActionResult)
    return result


async def test_an_email_is_plain_text_and_the_same_as_html(bench: Bench) -> None:
    task = task_of(EMAIL)
    result = await answer(bench, task)
    (sent,) = bench.inbox("sendgrid")
    assert result.completed.provider_reference == sent["id"]
    assert (sent["to"], sent["from"]) == ("ben@example.com", "notifications@example.com")
    assert sent["details"]["from_name"] == "Bakery"
    assert sent["custom_args"] == {
        "account_id": task.account_id,
        "action_execution_id": task.action_execution_id,
        "attempt_id": task.attempt_id,
        "contact_id": task.contact_id,
        "delivery_id": task.delivery.id,
    }
    assert (sent["subject"], sent["text"]) == (EMAIL["subject"], EMAIL["body"])
    assert sent["html"] == "<p>Ann called.<br>Twice.</p><p>Call &lt;her&gt;.</p>"


async def test_an_sms_comes_from_the_installations_number(bench: Bench) -> None:
    result = await answer(bench, task_of(SMS))
    (sent,) = bench.inbox("twilio")
    assert result.completed.provider_reference == sent["id"]
    assert (sent["to"], sent["from"]) == ("+4915112345678", "+14155550123")
    assert sent["text"] == SMS["body"]


async def test_a_template_is_rendered_with_the_tasks_context(bench: Bench) -> None:
    message = EMAIL | {"subject": "Hi {{ contact.first_name }}", "template_id": TEMPLATE_ID}
    await answer(bench, task_of(message, CONTEXT))
    (sent,) = bench.inbox("sendgrid")
    assert (sent["subject"], sent["text"]) == ("Hi Ann", "Hello Ann")
    assert sent["html"] == "<p>Hello Ann Öz &lt;b&gt;</p>"


async def test_a_body_is_rendered_and_escaped_with_a_context(bench: Bench) -> None:
    message = EMAIL | {"body": "Dear {{ contact.last_name }}"}
    await answer(bench, task_of(message, CONTEXT))
    (sent,) = bench.inbox("sendgrid")
    assert (sent["text"], sent["html"]) == ("Dear Öz <b>", "<p>Dear Öz &lt;b&gt;</p>")


async def test_what_was_rendered_before_is_not_rendered_again(bench: Bench) -> None:
    text = "{{ contact.first_name }} {% for i in (1..9) %}"
    await answer(bench, task_of(EMAIL | {"subject": text, "body": text}))
    await answer(bench, task_of(SMS | {"body": text}))
    assert bench.inbox("sendgrid")[0]["subject"] == text
    assert bench.inbox("twilio")[0]["text"] == text


async def test_a_subject_is_one_line(bench: Bench) -> None:
    await answer(bench, task_of(EMAIL | {"subject": "Hot\r\nBcc: all@example.com\n lead"}))
    assert bench.inbox("sendgrid")[0]["subject"] == "Hot Bcc: all@example.com lead"


@dataclass(frozen=True)
class Case:
    """What goes wrong, and what the engine hears of it."""

    name: str
    message: Mapping[str, Any]
    error: str
    says: str
    context: Mapping[str, Any] | None = None
    told: Control | None = None
    use: Mapping[str, Any] = field(default_factory=dict[str, Any])
    claimed: bool = False


CASES = [
    Case("no sender of emails", EMAIL, "invalid_config",
         "TREADLE_EXECUTOR_NOTIFICATION_FROM_EMAIL is not set", use={"sender": NO_SENDER}),
    Case("no sender of SMS", SMS, "invalid_config",
         "TREADLE_EXECUTOR_NOTIFICATION_FROM_NUMBER is not set", use={"sender": NO_SENDER}),
    Case("no credentials", EMAIL, "authentication", "SENDGRID_API_KEY is not set",
         use={"credentials": False}, claimed=True),
    Case("a number that is none", SMS | {"recipient": "0151 234"}, "invalid_config",
         "not a valid international number"),
    Case("a template that is gone", EMAIL | {"template_id": str(new_id())}, "invalid_config",
         "there is no email template", CONTEXT),
    Case("a template of nothing", EMAIL | {"template_id": "blank"}, "invalid_config",
         "renders to nothing", CONTEXT),
    Case("a template that needs more", EMAIL | {"template_id": TEMPLATE_ID}, "invalid_config",
         "contact.last_name has no value", {"contact": {"first_name": "Ann"}}),
    Case("a subject that needs more", EMAIL | {"subject": "{{ contact.nickname }}"},
         "invalid_config", "contact.nickname has no value", CONTEXT),
    Case("too many at once", SMS, "rate_limit", "Twilio answered 429",
         told=Control(provider="twilio", mode="429"), claimed=True),
    Case("a provider that is down", EMAIL, "service_unavailable", "SendGrid answered 500",
         told=Control(provider="sendgrid", mode="500"), claimed=True),
    Case("an answer that got lost", SMS, "unknown_outcome", "not sent again",
         told=Control(provider="twilio", mode="accept_then_reset"), claimed=True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_failures(bench: Bench, case: Case) -> None:
    bench.templates.templates["blank"] = EmailTemplate(" ", "")
    if case.use:
        bench.use(provider_url=bench.url, **case.use)
    if case.told is not None:
        bench.simulator.plan.set(case.told)
    task = task_of(case.message, case.context)
    result = await answer(bench, task)
    assert ErrorClass.Name(result.failed.error_class) == f"ERROR_CLASS_{case.error.upper()}"
    assert case.says in result.failed.message
    assert result.delivery_id == task.delivery.id
    assert result.attempt_id == task.attempt_id
    assert result.claimant is case.claimed
    assert bench.ledger.claims == ([task.attempt_id] if case.claimed else [])


async def test_it_waits_while_a_part_of_treadle_is_away(bench: Bench) -> None:
    bench.templates.error = AWAY
    result = await answer(bench, task_of(EMAIL | {"template_id": TEMPLATE_ID}, CONTEXT))
    assert result.deferred.reason == "the email template could not be reached"
    bench.ledger.error = AWAY
    result = await answer(bench, task_of(EMAIL))
    assert result.deferred.reason == "the record of sends could not be reached"
    assert bench.inbox("sendgrid") == []


async def test_an_attempt_is_sent_once(bench: Bench) -> None:
    task = task_of(SMS)
    first = await answer(bench, task)
    assert first.claimant
    again = await answer(bench, task)
    assert again.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
    assert not again.claimant
    bench.ledger.decision = ClaimDecision.STALE
    assert isinstance(await bench.run(task_of(SMS)), Stale)
    assert len(bench.inbox("twilio")) == 1


async def test_given_up_it_may_have_been_sent(bench: Bench) -> None:
    task = task_of(SMS)
    result = bench.pipeline.give_up(task, "given up after 10 deliveries")
    assert result.delivery_id == task.delivery.id
    assert result.failed.error_class == ErrorClass.ERROR_CLASS_UNKNOWN_OUTCOME
