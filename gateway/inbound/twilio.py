"""Twilio's `X-Twilio-Signature`: HMAC-SHA1 over the URL and what was posted to it.

Source: Twilio's "Webhooks security", and the request validator of its own SDK. Forms are signed by
their decoded parameters; of a body of another kind the URL carries the hash, as `bodySHA256`.
"""

import hmac
import re
from base64 import b64encode
from hashlib import sha1, sha256
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote_to_bytes, urlsplit

from gateway.inbound.signature import SignatureError, require_same

SIGNATURE: Final = "X-Twilio-Signature"
FORM: Final = "application/x-www-form-urlencoded"
_BODY_HASH: Final = "bodySHA256"
# Only the decoded parameters are signed, so only one spelling of each character may stand: escapes
# in upper case, as encoders write them, and a space as `+`.
_FORM: Final = re.compile(rb"(?:[!-$&-~]|%[0-9A-F]{2})*")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def check(url: str, body: bytes, *, content_type: str, signature: str, auth_token: str) -> None:
    """Raises SignatureError unless Twilio posted `body` to `url`, the full one that it was given.

    The port of the URL may have been signed or left out; both are tried, as by Twilio's own SDK.
    """
    split = urlsplit(url)
    hashes = parse_qs(split.query).get(_BODY_HASH)
    if hashes is not None:
        require_same(sha256(body).hexdigest(), hashes[0])
        posted = ""
    elif not body:
        posted = ""
    elif content_type.partition(";")[0].strip().lower() == FORM:
        posted = _posted(body)
    else:
        raise SignatureError("a body that is no form needs its hash in the URL")
    expected = [_sign(each + posted, auth_token) for each in _spellings(split)]
    same = [hmac.compare_digest(each.encode(), signature.encode()) for each in expected]
    if not any(same):
        raise SignatureError("the signature is another one")


def parameters(body: bytes) -> dict[str, list[str]]:
    """The parameters of a form, each with its values. Raises SignatureError for a careless one."""
    if not _FORM.fullmatch(body):
        raise SignatureError("the form is not encoded as it should be")
    found: dict[str, list[str]] = {}
    for pair in body.split(b"&"):
        name, separator, value = (unquote_to_bytes(x.replace(b"+", b" ")) for x in _halves(pair))
        if not (name and separator):
            raise SignatureError("the form has something that is no parameter")
        try:
            found.setdefault(name.decode(), []).append(value.decode())
        except UnicodeDecodeError:
            raise SignatureError("the form is not UTF-8") from None
    return found


def _halves(pair: bytes) -> tuple[bytes, bytes, bytes]:
    return pair.partition(b"=")


def _posted(body: bytes) -> str:
    """The parameters in the order of their names, each value once, as they are signed."""
    return "".join(
        name + value
        for name, values in sorted(parameters(body).items())
        for value in sorted(set(values))
    )


def _sign(text: str, auth_token: str) -> str:
    return b64encode(hmac.new(auth_token.encode(), text.encode(), sha1).digest()).decode()


def _spellings(url: SplitResult) -> tuple[str, str]:
    """The URL without its port, and with it."""
    try:
        port = url.port
    except ValueError:
        raise SignatureError("the URL has no such port") from None
    host = url.netloc if port is None else url.netloc.rpartition(":")[0]
    port = port or _DEFAULT_PORTS.get(url.scheme, 80)
    return (
        url._replace(netloc=host).geturl(),
        url._replace(netloc=f"{host}:{port}").geturl(),
    )
