"""SPEC-WFL-003 R2.5: the contact is called, and connected once they answer.

The step completes once the provider has told how the call ended, or was asked: docs/adr/0012.
"""

from collections.abc import Mapping
from datetime import timedelta

from common.clock import Clock
from common.phone_numbers import e164
from executor_service.calls import look_after, output_of, place
from executor_service.domain.calls import CallReport, call_outcome
from executor_service.domain.outcome import Completed, Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.messages import TWILIO_VOICE, call_sent, gateway_of, needed_record, number_of
from executor_service.ports import CallGateways, NewCall, RecordSource
from executor_service.quiet import hold
from executor_service.recipients import Recipient, purpose_of
from treadle.catalog.v1 import make_call_pb2 as pb
from treadle.compliance.v1.compliance_pb2 import CHANNEL_VOICE


class MakeCallHandler(IoHandler[pb.MakeCallConfig]):
    """Quiet hours are looked at on every attempt, right before the call."""

    def __init__(self, gateways: CallGateways, records: RecordSource, clock: Clock) -> None:
        self._gateways = gateways
        self._records = records
        self._clock = clock

    def peer(self, config: pb.MakeCallConfig) -> str:
        """See `IoHandler`."""
        return TWILIO_VOICE

    async def prepare(self, step: Step[pb.MakeCallConfig]) -> Outcome | Send:
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
        script = await self._script(step)
        if isinstance(script, Failed | Deferred):
            return script
        gateway = await gateway_of(self._gateways, step.task, clock=self._clock)
        if isinstance(gateway, Failed | Deferred):
            return gateway
        call = NewCall(
            to=number,
            from_number=config.from_number,
            script=script,
            reference=step.reference(),
            record=config.record_call,
            ring_timeout=timedelta(seconds=config.timeout_seconds),
        )
        purpose = purpose_of(config.purpose, respects_quiet_hours=config.respect_quiet_hours)
        recipient = Recipient(CHANNEL_VOICE, number, purpose, step.task.contact_id)
        return Send(recipient, lambda: place(gateway, call, clock=self._clock), call_sent(call))

    async def _script(self, step: Step[pb.MakeCallConfig]) -> Mapping[str, str] | Failed | Deferred:
        """What is done with a contact who answers, as the gateway understands it."""
        config = step.config
        match config.destination_type:
            case pb.CALL_DESTINATION_QUEUE:
                return {"enqueue": config.destination_value}
            case pb.CALL_DESTINATION_IVR:
                return {"redirect": config.destination_value}
            case pb.CALL_DESTINATION_USER:
                number = await self._number_of_user(step)
                if isinstance(number, Failed | Deferred):
                    return number
            case _:
                number = config.destination_value
        return {
            "dial": number,
            "caller_id": config.from_number,
            "timeout": str(config.timeout_seconds),
        }

    async def _number_of_user(self, step: Step[pb.MakeCallConfig]) -> str | Failed | Deferred:
        given = await needed_record(
            self._records.user_phone(step.task.account_id, step.config.destination_value),
            step,
            what="destination_value: there is no user with this id",
            clock=self._clock,
        )
        if isinstance(given, Failed | Deferred):
            return given
        return e164(given) or Failed(
            ErrorClass.INVALID_CONFIG,
            "destination_value: the user has no phone number; give them one",
        )

    async def _finish(self, step: Step[pb.MakeCallConfig]) -> Outcome:
        recorded = step.config.record_call
        report = await look_after(
            self._gateways, step, clock=self._clock, detected=False, recorded=recorded
        )
        if not isinstance(report, CallReport):
            return report
        number = step.context_text("contact", "phone")
        output = output_of(report, call_outcome(report), number)
        return Completed(
            {**output, "recording_url": report.recording_url}, provider_reference=report.call_id
        )
