"""What the checks of signatures share."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error


class SignatureError(Exception):
    """The request does not prove that it comes from the provider; why, is for our log only."""


def require_same(expected: str, given: str) -> None:
    """Raises SignatureError when the texts differ; takes as long wherever they do."""
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise SignatureError("the signature is another one")


def base64_bytes(text: str) -> bytes:
    """The bytes that `text` stands for. Raises SignatureError when it is not their only spelling.

    The last characters of Base64 have bits that decoders ignore.
    """
    try:
        decoded = b64decode(text, validate=True)
    except (Error, ValueError):
        raise SignatureError("the signature is no Base64") from None
    if b64encode(decoded).decode() != text:
        raise SignatureError("the signature is not spelled as it should be")
    return decoded
