"""What requests say in their headers: who calls, which state they know, which attempt this is.

All dependencies are coroutines, though none waits: FastAPI would run plain functions in threads.
"""

import re
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from common.errors import ErrorReason, unauthenticated
from gateway.problems import Fault, InvalidRequestError, RefusedError
from gateway.upstream import Caller, Upstream

_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    bearerFormat="JWT",
    description="A short-lived token that names the account, the user and their roles.",
)
# RFC 6750, section 2.1; longer ones no service takes.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,4096}=*")
_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Maps keys that are no UUIDs to some; the services keep them apart by account and method.
_KEY_NAMESPACE: Final = UUID("6f1c5a5e-7c0b-5a54-9d9c-3f2b8e0f6a11")
_ETAG: Final = re.compile(r'(?:W/)?"(?P<tag>[\x21\x23-\x7e]{1,128})"')


async def _upstream(request: Request) -> Upstream:
    upstream: Upstream = request.app.state.upstream
    return upstream


async def _caller(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
) -> Caller:
    if credentials is None:
        raise RefusedError(unauthenticated("a bearer token is required"))
    if not _TOKEN.fullmatch(credentials.credentials):
        raise RefusedError(unauthenticated("the token is not valid"))
    return Caller(credentials.credentials)


async def _request_id(
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="A UUID, or any text of 1 to 255 printable ASCII characters. The same key "
            "again returns the first call's result instead of doing it twice.",
        ),
    ] = None,
) -> str:
    if idempotency_key is None:
        return ""
    key = idempotency_key.strip()
    if _UUID.fullmatch(key):
        return key.lower()
    if not _KEY.fullmatch(key):
        raise InvalidRequestError(
            [Fault("must be 1 to 255 printable ASCII characters", parameter="Idempotency-Key")],
            reason=ErrorReason.MALFORMED_REQUEST,
        )
    return str(uuid5(_KEY_NAMESPACE, key))


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            description="The ETag that was read; the change is refused (412) when it is no longer "
            "the current one.",
        ),
    ] = None,
) -> str:
    if if_match is None or if_match.strip() == "*":
        return ""
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise InvalidRequestError(
            [Fault("must be one quoted entity tag, or *", parameter="If-Match")],
            reason=ErrorReason.MALFORMED_REQUEST,
        )
    return match["tag"]


UpstreamDep = Annotated[Upstream, Depends(_upstream)]
CallerDep = Annotated[Caller, Depends(_caller)]
RequestIdDep = Annotated[str, Depends(_request_id)]
IfMatchDep = Annotated[str, Depends(_if_match)]


def agreed_etag(if_match: str, in_body: str | None) -> str:
    """The etag that a change is conditional on, from the header or the body; empty for none."""
    if in_body and if_match and in_body != if_match:
        raise InvalidRequestError([Fault("differs from If-Match", pointer="/etag")])
    return if_match or in_body or ""


def quoted(etag: str) -> str:
    """An etag as a header's value (RFC 9110)."""
    return f'"{etag}"'
