"""TwiML: what Twilio does with whoever answers a call of ours.

Twilio asks for it at an address that the executor has made and Twilio has signed, so the parameters
of the address are the whole of what is to be done; nothing is looked up while somebody waits on the
line. Source: Twilio's "TwiML for Programmable Voice".
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Who is detected and not meant by a message for the machine.
_NOT_MEANT: Final = frozenset({"human", "fax"})


class NoScriptError(Exception):
    """The address says nothing that could be done."""


def twiml(asked: Mapping[str, str], answered_by: str) -> str:
    """The document for the parameters of an address; `answered_by` is Twilio's word, or empty.

    Raises NoScriptError.
    """
    return f"{_HEAD}<Response>{_verb(asked, answered_by)}</Response>"


def _verb(asked: Mapping[str, str], answered_by: str) -> str:
    if url := _https(asked.get("play", "")):
        detects = asked.get("detect") == "1"
        return "<Hangup/>" if detects and answered_by in _NOT_MEANT else f"<Play>{url}</Play>"
    if url := _https(asked.get("redirect", "")):
        return f'<Redirect method="POST">{url}</Redirect>'
    if queue := asked.get("enqueue", ""):
        return f"<Enqueue>{escape(queue)}</Enqueue>"
    if _NUMBER.fullmatch(number := asked.get("dial", "")):
        caller, seconds = (quoteattr(asked.get(name, "")) for name in ("caller_id", "timeout"))
        return f"<Dial callerId={caller} timeout={seconds}><Number>{number}</Number></Dial>"
    raise NoScriptError


def _https(url: str) -> str:
    """Escaped; empty for anything else."""
    return escape(url) if url.lower().startswith("https://") else ""
