"""SPEC-WFL-003 R2.3: a recording is played to the contact's answering machine.

The step completes once the provider has told how the call ended, or was asked: docs/adr/0012.
"""

from common.clock import Clock
from executor_service.calls import look_after, output_of, place
from executor_service.domain.calls import CallReport, VoicemailOutcome, voicemail_outcome
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.messages import TWILIO_VOICE, call_sent, gateway_of, needed_record, number_of
from executor_service.ports import CallGateways, NewCall, RecordSource
from executor_service.quiet import hold
from executor_service.recipients import Recipient, purpose_of
from treadle.catalog.v1.send_voicemail_pb2 import SendVoicemailConfig
from treadle.compliance.v1.compliance_pb2 import CHANNEL_VOICE


class SendVoicemailHandler(IoHandler[SendVoicemailConfig]):
    """Quiet hours are looked at on every attempt, right before the call."""

    def __init__(self, gateways: CallGateways, records: RecordSource, clock: Clock) -> None:
        self._gateways = gateways
        self._records = records
        self._clock = clock

    def peer(self, config: SendVoicemailConfig) -> str:
        """See `IoHandler`."""
        return TWILIO_VOICE

    async def prepare(self, step: Step[SendVoicemailConfig]) -> Outcome | Send:
        """See `IoHandler`."""
        if step.task.HasField("call"):
            return await self._finish(step)
        config = step.config
        number = number_of(step)
        if isinstance(number, Failed):
            return number
        if config.respect_quiet_hours:
            start, end = config.quiet_hours_start, config.quiet_hours_end
            held = hold(step, number, self._clock.now(), start=start, end=end)
            if held is not None:
                return held
        url = await needed_record(
            self._records.audio_url(step.task.account_id, config.audio_file_id),
            step,
            what="audio_file_id: there is no audio file with this id",
            clock=self._clock,
        )
        if isinstance(url, Failed | Deferred):
            return url
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        detects = {"detect": "1"} if config.machine_detection else {}
        call = NewCall(
            to=number,
            from_number=config.from_number,
            script={"play": url, **detects},
            reference=step.reference(),
            machine_detection=config.machine_detection,
        )
        purpose = purpose_of(config.purpose, respects_quiet_hours=config.respect_quiet_hours)
        recipient = Recipient(CHANNEL_VOICE, number, purpose, step.task.contact_id)
        return Send(recipient, lambda: place(gateway, call, clock=self._clock), call_sent(call))

    async def _finish(self, step: Step[SendVoicemailConfig]) -> Outcome:
        config = step.config
        report = await look_after(
            self._gateways,
            step,
            clock=self._clock,
            detected=config.machine_detection,
            recorded=False,
        )
        if not isinstance(report, CallReport):
            return report
        outcome = voicemail_outcome(report, machine_detection=config.machine_detection)
        # Nobody is reached by failing the run: where no further call is due, it is an outcome.
        again = config.retry_on_busy and step.task.attempt_number <= config.max_retries
        if outcome is VoicemailOutcome.BUSY and again:
            return Failed(ErrorClass.LINE_BUSY, "the line was busy")
        number = step.context_text("contact", "phone")
        return Completed(output_of(report, outcome, number), provider_reference=report.call_id)
