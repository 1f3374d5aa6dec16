"""SPEC-WFL-003 R2.2: a text message through the provider, outside the contact's quiet hours."""

from common.clock import Clock
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.messages import TWILIO, gateway_of, hand_over_sms, number_of, sms_sent
from executor_service.ports import Sms, SmsGateways
from executor_service.quiet import hold
from executor_service.recipients import Recipient, purpose_of
from treadle.catalog.v1.send_sms_pb2 import SendSmsConfig
from treadle.compliance.v1.compliance_pb2 import CHANNEL_SMS

MAX_CHARACTERS = 1600


class SendSmsHandler(IoHandler[SendSmsConfig]):
    """Quiet hours are looked at on every attempt, right before the call."""

    def __init__(self, gateways: SmsGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    def peer(self, config: SendSmsConfig) -> str:
        """See `IoHandler`."""
        return TWILIO

    async def prepare(self, step: Step[SendSmsConfig]) -> Outcome | Send:
        """See `IoHandler`."""
        config = step.config
        number = number_of(step)
        if isinstance(number, Failed):
            return number
        if not config.message.strip() or len(config.message) > MAX_CHARACTERS:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                f"message: once rendered it has {len(config.message)} characters; "
                f"1 to {MAX_CHARACTERS} can be sent",
            )
        if config.respect_quiet_hours:
            held = hold(
                step,
                number,
                self._clock.now(),
                start=config.quiet_hours_start,
                end=config.quiet_hours_end,
            )
            if held is not None:
                return held
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        sms = Sms(
            to=number,
            from_number=config.from_number,
            body=config.message,
            media_urls=tuple(config.media_urls),
            reference=step.reference(),
        )
        purpose = purpose_of(config.purpose, respects_quiet_hours=config.respect_quiet_hours)
        recipient = Recipient(CHANNEL_SMS, number, purpose, step.task.contact_id)
        return Send(
            recipient, lambda: hand_over_sms(gateway, sms, clock=self._clock), sms_sent(sms)
        )
