"""Who is notified, and how a notification reads on the ways it goes (SPEC-WFL-003 R5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from action_service.domain.deliveries import Channel

# The provider takes no more, and neither does a reader.
MAX_SMS = 1600


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user who may be notified."""

    id: str
    name: str
    email: str | None
    phone: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A notification on one channel; without an address it cannot be sent, for this reason."""

    channel: Channel
    address: str
    subject: str
    body: str
    skipped: str | None = None


def eligible(found: Sequence[Recipient]) -> Sequence[Recipient]:
    """Those who are notified: active users, each once, in the order given."""
    return list({user.id: user for user in found if user.is_active}.values())


def messages(
    user: Recipient, channels: Sequence[str], *, title: str, text: str
) -> Sequence[Message]:
    """What is sent to the user beside what the application shows."""
    sent: list[Message] = []
    if Channel.EMAIL in channels:
        skipped = None if user.email else "the user has no email address"
        sent.append(Message(Channel.EMAIL, user.email or "", title, text, skipped))
    if Channel.SMS in channels:
        skipped = None if user.phone else "the user has no phone number"
        sent.append(Message(Channel.SMS, user.phone or "", "", sms_text(title, text), skipped))
    return sent


def sms_text(title: str, text: str) -> str:
    """Title and text as one message, cut where it gets too long for one."""
    whole = f"{title}\n{text}"
    return whole if len(whole) <= MAX_SMS else whole[: MAX_SMS - 1].rstrip() + "…"
