"""What is alike in all that sends emails and SMS: the template, and handing the message over."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

from common.clock import Clock
from common.errors import TreadleError
from common.phone_numbers import e164
from common.telemetry import get_logger
from common.templating import TemplateError, render
from executor_service.domain import classify
from executor_service.domain.outcome import (
    Completed,
    Deferred,
    ErrorClass,
    Failed,
    JsonValue,
    Outcome,
    Skipped,
)
from executor_service.handlers.base import Step
from executor_service.ports import (
    DEFAULT_CREDENTIAL,
    Email,
    EmailBody,
    EmailGateway,
    Gateways,
    NewCall,
    RecordNotFoundError,
    Sms,
    SmsGateway,
    SmsReceipt,
    TemplateNotFoundError,
    TemplateSource,
)
from executor_service.postpone import name_of, not_had
from treadle.dispatch.v1.task_pb2 import (
    DELIVERY_CHANNEL_CALL,
    DELIVERY_CHANNEL_EMAIL,
    DELIVERY_CHANNEL_SMS,
    ActionTask,
    Sent,
)

# The providers of messages, as limits and circuits know them.
SENDGRID: Final = "sendgrid"
TWILIO: Final = "twilio"
FACEBOOK: Final = "facebook"
TWILIO_VOICE: Final = "twilio_voice"

_log = get_logger(__name__)

GatewayT = TypeVar("GatewayT")


async def templated_body(
    templates: TemplateSource,
    task: ActionTask,
    template_id: str,
    context: Mapping[str, object],
    *,
    clock: Clock,
) -> EmailBody | Failed | Deferred:
    """The body that an email template of the task's account makes of `context`."""
    try:
        template = await templates.get(task.account_id, template_id)
    except TemplateNotFoundError:
        return Failed(
            ErrorClass.INVALID_CONFIG, f"template_id: there is no email template {template_id}"
        )
    except (TreadleError, TimeoutError) as error:
        _log.warning("template_not_read", error=name_of(error), attempt_id=task.attempt_id)
        return not_had("the email template", error, clock.now())
    try:
        html = render(template.html, context, html=True)
        text = render(template.text, context)
    except TemplateError as error:
        return Failed(ErrorClass.INVALID_CONFIG, f"the email template: {error}")
    if not html.strip() and not text.strip():
        return Failed(ErrorClass.INVALID_CONFIG, "the email template renders to nothing")
    return EmailBody(html, text)


async def gateway_of(
    gateways: Gateways[GatewayT],
    task: ActionTask,
    *,
    clock: Clock,
    name: str = DEFAULT_CREDENTIAL,
) -> GatewayT | Failed | Deferred:
    """The provider, with the credentials of this name that the task's account uses."""
    try:
        return await gateways.of(task.account_id, name)
    except (TreadleError, TimeoutError) as error:
        _log.warning("credential_not_read", error=name_of(error), attempt_id=task.attempt_id)
        return not_had("the account's credentials", error, clock.now())


def number_of(step: Step[Any]) -> str | Failed:
    """The contact's phone number in E.164."""
    given = step.context_text("contact", "phone")
    if not given:
        return Failed(ErrorClass.INVALID_CONFIG, "the contact has no phone number")
    return e164(given) or Failed(
        ErrorClass.INVALID_CONFIG,
        "the contact's phone number is not a valid international number",
    )


async def needed_record(
    reading: Awaitable[str], step: Step[Any], *, what: str, clock: Clock
) -> str | Failed | Deferred:
    """What `reading` a record gives; `what` is said when there is no such record."""
    try:
        return await reading
    except RecordNotFoundError:
        return Failed(ErrorClass.INVALID_CONFIG, what)
    except (TreadleError, TimeoutError) as error:
        _log.warning("record_not_read", error=name_of(error), attempt_id=step.task.attempt_id)
        return not_had("a record that the step needs", error, clock.now())


async def hand_over_email(gateway: EmailGateway, email: Email, *, clock: Clock) -> Outcome:
    """Makes the one call that sends; the attempt has been claimed."""
    try:
        message_id = await gateway.send(email)
    except classify.CallError as error:
        return classify.classify(error, peer="SendGrid", claimed=True, now=clock.now())
    output = email_output(message_id, email.to, email.subject)
    return Completed(output, provider_reference=message_id)


def email_output(message_id: str, to: str, subject: str) -> dict[str, JsonValue]:
    """What an action that sends an email puts out."""
    return {"message_id": message_id, "to": to, "subject": subject}


def email_sent(email: Email) -> Sent:
    """What is handed over with an email."""
    return Sent(
        channel=DELIVERY_CHANNEL_EMAIL,
        recipient=email.to,
        sender=email.from_email,
        subject=email.subject,
    )


async def hand_over_sms(gateway: SmsGateway, sms: Sms, *, clock: Clock) -> Outcome:
    """Makes the one call that sends; the attempt has been claimed."""
    try:
        receipt = await gateway.send(sms)
    except classify.OptedOutError:
        return Skipped(
            "suppressed: Twilio sends nothing to this number since it answered STOP",
            opted_out=sms.to,
        )
    except classify.CallError as error:
        return classify.classify(error, peer="Twilio", claimed=True, now=clock.now())
    output = sms_output(receipt, sms.to, sms.body)
    return Completed(output, provider_reference=receipt.message_id)


def sms_output(receipt: SmsReceipt, to: str, body: str) -> dict[str, JsonValue]:
    """What an action that sends a text message puts out."""
    return {
        "message_id": receipt.message_id,
        "to": to,
        "body": body,
        "segments": receipt.segments,
    }


def sms_sent(sms: Sms) -> Sent:
    """What is handed over with a text message."""
    return Sent(
        channel=DELIVERY_CHANNEL_SMS, recipient=sms.to, sender=sms.from_number, text=sms.body
    )


def call_sent(call: NewCall) -> Sent:
    """What is known of a call that may have been placed."""
    return Sent(channel=DELIVERY_CHANNEL_CALL, recipient=call.to, sender=call.from_number)
