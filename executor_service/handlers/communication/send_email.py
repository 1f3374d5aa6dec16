"""SPEC-WFL-003 R2.1: an email through the provider, its body made from an email template."""

from collections.abc import Mapping

from common.clock import Clock
from common.egress import EgressRefused
from common.errors import TreadleError
from common.telemetry import get_logger
from common.templating import TemplateError, render
from executor_service.attachments import AttachmentError, AttachmentFetcher
from executor_service.domain import classify
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.ports import (
    Attachment,
    Email,
    EmailGateway,
    EmailTemplate,
    TemplateNotFoundError,
    TemplateSource,
)
from executor_service.postpone import is_away, name_of, put_off
from treadle.catalog.v1.send_email_pb2 import SendEmailConfig

_log = get_logger(__name__)


class SendEmailHandler(IoHandler[SendEmailConfig]):
    """Everything that the email is made of is fetched before the send is claimed."""

    def __init__(
        self,
        gateway: EmailGateway,
        templates: TemplateSource,
        attachments: AttachmentFetcher,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._templates = templates
        self._attachments = attachments
        self._clock = clock

    async def prepare(self, step: Step[SendEmailConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        config = step.config
        to = step.context_text("contact", "email")
        if not to:
            return Failed(ErrorClass.INVALID_CONFIG, "the contact has no email address")
        template = await self._template(step)
        if not isinstance(template, EmailTemplate):
            return template
        try:
            html = render(template.html, step.context, html=True)
            text = render(template.text, step.context)
        except TemplateError as error:
            return Failed(ErrorClass.INVALID_CONFIG, f"the email template: {error}")
        if not html.strip() and not text.strip():
            return Failed(ErrorClass.INVALID_CONFIG, "the email template renders to nothing")
        files = await self._files(config)
        if isinstance(files, Failed):
            return files
        email = Email(
            to=to,
            subject=config.subject,
            from_name=config.from_name,
            from_email=config.from_email,
            html=html,
            text=text,
            reply_to=config.reply_to,
            track_opens=config.track_opens,
            track_clicks=config.track_clicks,
            attachments=files,
            reference=step.reference(),
        )
        return lambda: self._send(email)

    async def _template(self, step: Step[SendEmailConfig]) -> EmailTemplate | Failed | Deferred:
        template_id = step.config.template_id
        try:
            return await self._templates.get(step.task.account_id, template_id)
        except TemplateNotFoundError:
            return Failed(
                ErrorClass.INVALID_CONFIG, f"template_id: there is no email template {template_id}"
            )
        except (TreadleError, TimeoutError) as error:
            attempt_id = step.task.attempt_id
            _log.warning("template_not_read", error=name_of(error), attempt_id=attempt_id)
            if is_away(error):
                return put_off(self._clock.now(), "the email template could not be reached")
            return Failed(ErrorClass.SERVICE_UNAVAILABLE, "the email template could not be read")

    async def _files(self, config: SendEmailConfig) -> tuple[Attachment, ...] | Failed:
        if not config.attachments:
            return ()
        try:
            return await self._attachments.fetch_all(config.attachments)
        except (AttachmentError, EgressRefused) as error:
            return Failed(ErrorClass.INVALID_CONFIG, f"attachments: {error}")
        except classify.CallError as error:
            return classify.classify(
                error, peer="the attachment's server", claimed=False, now=self._clock.now()
            )

    async def _send(self, email: Email) -> Outcome:
        try:
            message_id = await self._gateway.send(email)
        except classify.CallError as error:
            return classify.classify(error, peer="SendGrid", claimed=True, now=self._clock.now())
        output: Mapping[str, str] = {
            "message_id": message_id,
            "to": email.to,
            "subject": email.subject,
        }
        return Completed(output=dict(output), provider_reference=message_id)
