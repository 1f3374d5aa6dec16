"""What an answer to an SMS asks for: no more messages, messages again, or help.

Source: the keywords that Twilio's default and advanced opt-out know, with the French ones that
Canadian carriers demand, and the words that the FCC holds to be a revocation (47 CFR
64.1200(a)(10)). People spell them as they like, so case, accents, spaces and punctuation do not
count, nor does `please`. A sentence that has one of the words in it is a sentence.
"""

import unicodedata
from enum import StrEnum
from typing import Final


class Keyword(StrEnum):
    """What whoever wrote wants."""

    STOP = "stop"
    START = "start"
    HELP = "help"


_WORDS: Final = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        Keyword.STOP,
    ),
    **dict.fromkeys(("ARRET", "ARRETE", "ARRETT"), Keyword.STOP),
    **dict.fromkeys(("START", "UNSTOP", "YES"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO", "AIDE"), Keyword.HELP),
}
# No keyword is as long, with all that may stand around it.
_MAX_LENGTH: Final = 60


def keyword_of(body: str, opt_out_type: str = "") -> Keyword | None:
    """The keyword that a message is; None for any other.

    `opt_out_type` is the provider's own reading of it, which counts when there is one.
    """
    if opt_out_type.upper() in Keyword.__members__:
        return Keyword[opt_out_type.upper()]
    if len(body.strip()) > _MAX_LENGTH:
        return None
    plain = unicodedata.normalize("NFKD", body).upper()
    letters = "".join(char for char in plain if char.isalnum())
    return _WORDS.get(letters.removeprefix("PLEASE").removesuffix("PLEASE"))
