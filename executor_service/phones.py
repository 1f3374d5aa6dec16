"""Which time zones the owner of a phone number may be in."""

from phonenumbers import timezone

from common.contact_fields import parse_phone


def candidate_zones(e164: str) -> tuple[str, ...]:
    """IANA names of the zones that the number's owner may be in; empty when nothing is known."""
    number = parse_phone(e164)
    if number is None:
        return ()
    zones = timezone.time_zones_for_number(number)
    if timezone.UNKNOWN_TIMEZONE in zones:
        # A number range that is newer than the library still has its country's or area's prefix.
        zones = timezone.time_zones_for_geographical_number(number)
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)
