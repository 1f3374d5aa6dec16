"""Deliveries: emails and SMS that go with a notification, or with access to a course.

No action, so they have no configuration: the message is made where the step is completed. What is
left to do is what only this fleet can: fetch the template, and call the provider.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from common.clock import Clock
from common.phone_numbers import e164
from common.templating import TemplateError, render
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.messages import (
    SENDGRID,
    TWILIO,
    email_sent,
    gateway_of,
    hand_over_email,
    hand_over_sms,
    sms_sent,
    templated_body,
)
from executor_service.ports import (
    Email,
    EmailBody,
    EmailGateways,
    Sms,
    SmsGateways,
    TemplateSource,
)
from executor_service.recipients import Recipient
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_TRANSACTIONAL
from treadle.compliance.v1.compliance_pb2 import CHANNEL_EMAIL, CHANNEL_SMS, Channel
from treadle.dispatch.v1.task_pb2 import DELIVERY_CHANNEL_SMS, ActionTask, Delivery

_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom deliveries come from, as the operator has set it; empty when not."""

    from_email: str
    from_name: str
    from_number: str


class DeliveryHandler(IoHandler[Delivery]):
    """Everything that the message is made of is there before the send is claimed."""

    def __init__(
        self,
        email: EmailGateways,
        sms: SmsGateways,
        templates: TemplateSource,
        sender: Sender,
        clock: Clock,
    ) -> None:
        self._email = email
        self._sms = sms
        self._templates = templates
        self._sender = sender
        self._clock = clock

    def peer(self, config: Delivery) -> str:
        """See `IoHandler`."""
        return TWILIO if config.channel == DELIVERY_CHANNEL_SMS else SENDGRID

    async def prepare(self, step: Step[Delivery]) -> Outcome | Send:
        """See `IoHandler`."""
        delivery = step.config
        try:
            subject = _text(step.task, delivery.subject, step.context)
            body = _text(step.task, delivery.body, step.context)
        except TemplateError as error:
            return Failed(ErrorClass.INVALID_CONFIG, f"the message: {error}")
        if delivery.channel == DELIVERY_CHANNEL_SMS:
            return await self._prepare_sms(step, body)
        return await self._prepare_email(step, subject, body)

    async def _prepare_email(
        self, step: Step[Delivery], subject: str, body: str
    ) -> Failed | Deferred | Send:
        if not self._sender.from_email:
            return _no_sender("NOTIFICATION_FROM_EMAIL")
        delivery = step.config
        made = _plain_body(body)
        if delivery.template_id:
            made = await templated_body(
                self._templates, step.task, delivery.template_id, step.context, clock=self._clock
            )
        if not isinstance(made, EmailBody):
            return made
        gateway = await gateway_of(self._email, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        email = Email(
            to=delivery.recipient,
            to_name=delivery.recipient_name,
            subject=" ".join(subject.split()),
            from_name=self._sender.from_name,
            from_email=self._sender.from_email,
            body=made,
            reference=_reference(step),
        )
        return Send(
            _to(step, CHANNEL_EMAIL, delivery.recipient),
            lambda: hand_over_email(gateway, email, clock=self._clock),
            email_sent(email),
        )

    async def _prepare_sms(self, step: Step[Delivery], body: str) -> Failed | Deferred | Send:
        from_number = step.config.from_number or self._sender.from_number
        if not from_number:
            return _no_sender("NOTIFICATION_FROM_NUMBER")
        number = e164(step.config.recipient)
        if number is None:
            return Failed(
                ErrorClass.INVALID_CONFIG, "the phone number is not a valid international number"
            )
        gateway = await gateway_of(self._sms, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        sms = Sms(
            to=number,
            from_number=from_number,
            body=body,
            media_urls=(),
            reference=_reference(step),
        )
        return Send(
            _to(step, CHANNEL_SMS, number),
            lambda: hand_over_sms(gateway, sms, clock=self._clock),
            sms_sent(sms),
        )


def _to(step: Step[Delivery], channel: Channel, address: str) -> Recipient:
    """What goes out beside a step's own work is asked for: news for users, a welcome."""
    return Recipient(channel, address, SEND_PURPOSE_TRANSACTIONAL, step.task.contact_id)


def _text(task: ActionTask, text: str, context: Mapping[str, object]) -> str:
    """Literal unless the task has a context: what was rendered once must not be rendered again."""
    return render(text, context) if task.context_json else text


def _plain_body(text: str) -> EmailBody:
    """A plain text and the same as HTML: a blank line parts paragraphs."""
    paragraphs = (html.escape(part.strip("\n")) for part in _PARAGRAPHS.split(text.strip()))
    markup = "".join("<p>" + part.replace("\n", "<br>") + "</p>" for part in paragraphs)
    return EmailBody(markup, text)


def _no_sender(setting: str) -> Failed:
    return Failed(
        ErrorClass.INVALID_CONFIG,
        f"this installation has no sender for such messages: TREADLE_EXECUTOR_{setting} is not set",
    )


def _reference(step: Step[Delivery]) -> dict[str, str]:
    ids = step.reference() | {"delivery_id": step.config.id}
    return {name: value for name, value in ids.items() if value}
