"""How long a page may write to a person: Meta's window, measured from what they last did.

Source: Meta's "Send a Message", messaging types and message tags.
"""

from datetime import datetime, timedelta
from typing import Final

STANDARD: Final = timedelta(hours=24)
HUMAN_AGENT: Final = timedelta(days=7)


def closed(last_message_at: datetime | None, *, human_agent: bool, now: datetime) -> str | None:
    """Why nothing may be sent now; None while it may. The instants are aware."""
    if last_message_at is None:
        return "the contact has never written to the page, and Meta lets nobody else begin"
    window = HUMAN_AGENT if human_agent else STANDARD
    if now - last_message_at < window:
        return None
    limit = "7 days" if human_agent else "24 hours"
    return (
        f"the contact last wrote to the page at {last_message_at:%Y-%m-%d %H:%M} UTC, which is "
        f"more than the {limit} ago for which Meta allows such a message"
    )
