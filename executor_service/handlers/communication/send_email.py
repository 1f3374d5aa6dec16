"""SPEC-WFL-003 R2.1: an email through the provider, its body made from an email template."""

from common.clock import Clock
from common.egress import EgressRefused
from executor_service.attachments import AttachmentError, AttachmentFetcher
from executor_service.domain import classify
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.marketing import Imprints
from executor_service.messages import (
    SENDGRID,
    email_sent,
    gateway_of,
    hand_over_email,
    templated_body,
)
from executor_service.ports import Attachment, Email, EmailBody, EmailGateways, TemplateSource
from executor_service.recipients import Recipient, purpose_of
from treadle.catalog.v1.send_email_pb2 import SendEmailConfig
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_MARKETING
from treadle.compliance.v1.compliance_pb2 import CHANNEL_EMAIL


class SendEmailHandler(IoHandler[SendEmailConfig]):
    """Everything that the email is made of is fetched before the send is claimed."""

    def __init__(
        self,
        gateways: EmailGateways,
        templates: TemplateSource,
        attachments: AttachmentFetcher,
        imprints: Imprints,
        clock: Clock,
    ) -> None:
        self._gateways = gateways
        self._templates = templates
        self._attachments = attachments
        self._imprints = imprints
        self._clock = clock

    def peer(self, config: SendEmailConfig) -> str:
        """See `IoHandler`."""
        return SENDGRID

    async def prepare(self, step: Step[SendEmailConfig]) -> Outcome | Send:
        """See `IoHandler`."""
        config = step.config
        to = step.context_text("contact", "email")
        if not to:
            return Failed(ErrorClass.INVALID_CONFIG, "the contact has no email address")
        links = self._imprints.links(step, to)
        purpose = purpose_of(config.purpose)
        is_marketing = purpose == SEND_PURPOSE_MARKETING
        imprint = self._imprints.of(step, links) if is_marketing else None
        if isinstance(imprint, Failed):
            return imprint
        body = await templated_body(
            self._templates,
            step.task,
            config.template_id,
            self._imprints.values(step, links),
            clock=self._clock,
        )
        if not isinstance(body, EmailBody):
            return body
        files = await self._files(config)
        if isinstance(files, Failed):
            return files
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        email = Email(
            to=to,
            subject=config.subject,
            from_name=config.from_name,
            from_email=config.from_email,
            body=body if imprint is None else imprint.on(body),
            headers={} if imprint is None else imprint.headers,
            reply_to=config.reply_to,
            track_opens=config.track_opens,
            track_clicks=config.track_clicks,
            attachments=files,
            reference=step.reference(),
        )
        recipient = Recipient(CHANNEL_EMAIL, to, purpose, step.task.contact_id)
        return Send(
            recipient,
            lambda: hand_over_email(gateway, email, clock=self._clock),
            email_sent(email),
        )

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
