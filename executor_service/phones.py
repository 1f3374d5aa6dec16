"""Where the owner of a phone number may be."""

from phonenumbers import region_code_for_number, timezone

from common.phone_numbers import parse_phone


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


def region_of(e164: str) -> str:
    """ISO 3166-1 code of the country that the number belongs to; empty when it is none's."""
    number = parse_phone(e164)
    return "" if number is None else region_code_for_number(number) or ""
