"""The header fields of a guarded request: the user's, without those that belong to the connection.

Fields that frame the message or route it are this client's business; from a user they could smuggle
a second request or address another host than the one that was judged.
"""

import re
from collections.abc import Mapping

from common.egress.errors import EgressRefused, Refusal
from common.egress.target import Target

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MAX_HEADER_BYTES = 64 * 1024

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_OWN = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# RFC 9110 section 5.6.2, token; section 5.5, field value without the obsolete line folding.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

Fields = list[tuple[bytes, bytes]]


def check_method(method: str) -> bytes:
    """The method in upper case. Raises EgressRefused for one that is not for webhooks."""
    if method.upper() not in METHODS:
        raise EgressRefused(
            Refusal.METHOD, f"the method must be one of {', '.join(sorted(METHODS))}"
        )
    return method.upper().encode("ascii")


def build_fields(
    target: Target, method: bytes, headers: Mapping[str, str], content: bytes, user_agent: str
) -> Fields:
    """All fields of the request. Raises EgressRefused for a field the user may not set."""
    fields: Fields = [(b"Host", target.authority.encode("ascii"))]
    for name, value in headers.items():
        fields.append(_check_field(name, value))
    given = {name.lower() for name, _ in fields}
    if b"user-agent" not in given:
        fields.append((b"User-Agent", user_agent.encode("ascii")))
    if b"accept" not in given:
        fields.append((b"Accept", b"*/*"))
    fields.append((b"Accept-Encoding", b"gzip"))
    if content or method.decode("ascii") in _WITH_BODY:
        fields.append((b"Content-Length", str(len(content)).encode("ascii")))
    if sum(len(name) + len(value) for name, value in fields) > MAX_HEADER_BYTES:
        raise EgressRefused(Refusal.HEADER, f"the headers are over {MAX_HEADER_BYTES} bytes")
    return fields


def _check_field(name: str, value: str) -> tuple[bytes, bytes]:
    if not _NAME.fullmatch(name):
        raise EgressRefused(Refusal.HEADER, "a header's name has characters that are not allowed")
    if name.lower() in _OWN or name.lower().startswith("proxy-"):
        raise EgressRefused(Refusal.HEADER, f"the header {name} is set by the sender itself")
    if not _VALUE.fullmatch(value):
        raise EgressRefused(
            Refusal.HEADER, f"the header {name} has a line break or control character"
        )
    return name.encode("ascii"), value.strip(" \t").encode()
