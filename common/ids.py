"""Identifiers: UUID version 7 (RFC 9562), so that new rows land side by side in their indexes."""

import hashlib
from datetime import datetime
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new time-ordered identifier."""
    return uuid7()


def new_id_text() -> str:
    """The same as text, made several times faster: for what is made thousands of times a second."""
    return str(uuid_utils.uuid7())


def derived_id(at: datetime, *names: str) -> UUID:
    """The identifier of what these names belong to at this instant: the same one every time.

    Ordered by `at` as others are, with a hash of the names where they are random.
    """
    rest = int.from_bytes(hashlib.sha256("\0".join(names).encode()).digest()[:10])
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | rest
    # RFC 9562, section 5.7: the version in bits 48 to 51, the variant in bits 64 and 65.
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
