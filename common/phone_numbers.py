"""Phone numbers as people write them, and the one form in which they are stored."""

import phonenumbers


def e164(text: str) -> str | None:
    """The number in the form that is stored; None when no international number looks like this."""
    number = parse_phone(text)
    # What is to be dialled after the call is answered has no place in E.164.
    if number is None or number.extension or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_phone(text: str) -> phonenumbers.PhoneNumber | None:
    """The number that the text spells, possible or not; None for a national one."""
    try:
        # Without a region only international numbers can be read, which is what is wanted.
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
