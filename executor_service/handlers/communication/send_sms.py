"""SPEC-WFL-003 R2.2: a text message through the provider, outside the contact's quiet hours."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from common.clock import Clock
from common.contact_fields import e164, timezone_problem
from executor_service import phones
from executor_service.domain import quiet_hours
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, Outcome
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.messages import gateway_of, hand_over_sms
from executor_service.ports import Sms, SmsGateways
from treadle.catalog.v1.send_sms_pb2 import SendSmsConfig

MAX_CHARACTERS = 1600


class SendSmsHandler(IoHandler[SendSmsConfig]):
    """Quiet hours are looked at on every attempt, right before the call."""

    def __init__(self, gateways: SmsGateways, clock: Clock) -> None:
        self._gateways = gateways
        self._clock = clock

    async def prepare(self, step: Step[SendSmsConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        config = step.config
        given = step.context_text("contact", "phone")
        if not given:
            return Failed(ErrorClass.INVALID_CONFIG, "the contact has no phone number")
        number = e164(given)
        if number is None:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                "the contact's phone number is not a valid international number",
            )
        if not config.message.strip() or len(config.message) > MAX_CHARACTERS:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                f"message: once rendered it has {len(config.message)} characters; "
                f"1 to {MAX_CHARACTERS} can be sent",
            )
        if config.respect_quiet_hours:
            held = _hold(step, number, self._clock.now())
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
        return lambda: hand_over_sms(gateway, sms, clock=self._clock)


def _hold(step: Step[SendSmsConfig], number: str, now: datetime) -> Outcome | None:
    """What keeps the message from going out now; None when nothing does."""
    config = step.config
    window = quiet_hours.Window(
        quiet_hours.parse_time_of_day(config.quiet_hours_start),
        quiet_hours.parse_time_of_day(config.quiet_hours_end),
    )
    zones = _zones(step, number)
    allowed = quiet_hours.next_allowed(window, zones, now)
    if allowed == now:
        return None
    hours = f"{config.quiet_hours_start}-{config.quiet_hours_end}"
    names = ", ".join(zone.key for zone in zones[:3]) + (", ..." if len(zones) > 3 else "")
    if allowed is None:
        return Failed(
            ErrorClass.INVALID_CONFIG,
            f"quiet hours {hours} leave no time that is allowed in all of the contact's possible "
            f"time zones ({names}); set the contact's time zone",
        )
    return Deferred(allowed, f"quiet hours {hours} ({names})")


def _zones(step: Step[SendSmsConfig], number: str) -> Sequence[ZoneInfo]:
    """The contact's zone, else every zone its number may be in, else the account's, else UTC."""
    candidates = (
        (step.context_text("contact", "timezone"),),
        phones.candidate_zones(number),
        (step.context_text("account", "timezone"),),
    )
    for names in candidates:
        zones = [zone for name in names if (zone := _zone(name)) is not None]
        if zones:
            return zones
    return (ZoneInfo("UTC"),)


def _zone(name: str) -> ZoneInfo | None:
    return None if timezone_problem(name) else ZoneInfo(name)
