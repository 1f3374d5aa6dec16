"""What a phone number tells: whether it can exist, and which time zones its owner may be in."""

import phonenumbers
from phonenumbers import timezone


def normalize(text: str) -> str | None:
    """The number in E.164, or None when no international number looks like this."""
    number = _parse(text)
    if number is None or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def candidate_zones(e164: str) -> tuple[str, ...]:
    """IANA names of the zones that the number's owner may be in; empty when nothing is known."""
    number = _parse(e164)
    if number is None:
        return ()
    zones = timezone.time_zones_for_number(number)
    if timezone.UNKNOWN_TIMEZONE in zones:
        # A number range that is newer than the library still has its country's or area's prefix.
        zones = timezone.time_zones_for_geographical_number(number)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def _parse(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
