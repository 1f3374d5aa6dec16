"""Whom messages are for, in the words of the ledger, which knows who must not be reached."""

from dataclasses import dataclass

from treadle.catalog.v1.send_purpose_pb2 import (
    SEND_PURPOSE_MARKETING,
    SEND_PURPOSE_TRANSACTIONAL,
    SEND_PURPOSE_UNSPECIFIED,
    SendPurpose,
)
from treadle.compliance.v1.compliance_pb2 import Channel


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: an email address, a number in E.164, or a page-scoped id."""

    channel: Channel
    address: str
    purpose: SendPurpose
    # Empty when it goes to no contact, such as a user.
    contact_id: str = ""


def purpose_of(given: SendPurpose, *, respects_quiet_hours: bool = True) -> SendPurpose:
    """What a message is sent for whose configuration says `given`, perhaps nothing.

    Only what is transactional may turn quiet hours off, so who does so has said it.
    """
    if given != SEND_PURPOSE_UNSPECIFIED:
        return given
    return SEND_PURPOSE_MARKETING if respects_quiet_hours else SEND_PURPOSE_TRANSACTIONAL
