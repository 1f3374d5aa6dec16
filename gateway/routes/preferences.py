"""Where contacts say what they want, by the links in their email: no login, the link is enough.

GET shows and changes nothing, however often a link scanner follows it. POST changes; a request that
somebody else makes a browser send would need the link's token, so no further proof is asked for.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from email import message_from_bytes
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from common.contact_links import MAX_TOKEN_LENGTH
from common.errors import ErrorReason, TreadleError, overloaded
from gateway.headers import UpstreamDep
from gateway.inbound.desk import InboundDesk
from gateway.models.base import ProtoEnum
from gateway.preference_page import ONE_CLICK, SHOWN, Choice, message_page, preference_page
from gateway.problems import RefusedError
from gateway.rates import RateLimit
from gateway.routes.inbound import DeskDep
from gateway.upstream import Upstream
from treadle.catalog.v1.send_purpose_pb2 import SendPurpose
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import preference_service_pb2 as pb

PREFIX: Final = "/u/"
# Of changes by one link; nobody changes their mind so often.
RATE_LIMIT: Final = 20
RATE_WINDOW: Final = timedelta(minutes=1)
# Far more than any browser or mail program sends.
MAX_BODY_BYTES: Final = 16 * 1024
_MAX_FIELDS: Final = 100

router: Final = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)

_CHANNEL: Final = ProtoEnum(compliance_pb2.Channel)
_PURPOSE: Final = ProtoEnum(SendPurpose)
_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_TOKEN_LENGTH}}}")
_SOURCES: Final = frozenset({"one_click", "page"})

Form = Sequence[tuple[str, str]]
_Answer = pb.ReadPreferencesResponse | pb.SetPreferencesResponse


@router.get("/{token}")
async def show(token: str, desk: DeskDep, upstream: UpstreamDep) -> Response:
    """Show the page; changes nothing."""
    try:
        return await _shown(_checked(token), desk, upstream)
    except RefusedError as refused:
        return _apology(refused)


@router.post("/{token}")
async def unsubscribe(
    token: str, request: Request, desk: DeskDep, upstream: UpstreamDep
) -> Response:
    """Unsubscribe: RFC 8058, and the button of the page."""
    form = await _form(request)
    if ONE_CLICK not in form:
        return message_page(
            HTTPStatus.BAD_REQUEST,
            "Nothing was changed",
            "This address takes List-Unsubscribe=One-Click, by POST. Open it in a browser to choose"
            " what you want to get.",
        )
    source = dict(form).get("source", "one_click")
    message = pb.UnsubscribeRequest(
        token=token, source=source if source in _SOURCES else "one_click"
    )
    try:
        _may_change(token, request)
        await desk.caller().call(upstream.preferences.Unsubscribe, message)
        return await _shown(token, desk, upstream, done="You have been unsubscribed.")
    except RefusedError as refused:
        return _apology(refused)


@router.post("/{token}/preferences")
async def choose(token: str, request: Request, desk: DeskDep, upstream: UpstreamDep) -> Response:
    """Set what the form shows; what it does not show stays."""
    form = await _form(request)
    message = pb.SetPreferencesRequest(token=token, preferences=_preferences(form))
    try:
        _may_change(token, request)
        answer = await desk.caller().call(upstream.preferences.SetPreferences, message)
    except RefusedError as refused:
        return _apology(refused)
    return _page(token, answer, done="Your preferences have been saved.")


async def _shown(token: str, desk: InboundDesk, upstream: Upstream, *, done: str = "") -> Response:
    message = pb.ReadPreferencesRequest(token=token)
    answer = await desk.caller().call(upstream.preferences.ReadPreferences, message)
    return _page(token, answer, done=done)


def _page(token: str, answer: _Answer, *, done: str) -> Response:
    return preference_page(
        token,
        sender=answer.account_name,
        address=answer.address_hint,
        choices=[
            Choice(
                _CHANNEL.shown(each.channel),
                _PURPOSE.shown(each.purpose),
                each.wanted,
                each.locked,
            )
            for each in answer.preferences
        ],
        done=done,
    )


def _preferences(form: Form) -> Iterable[pb.Preference]:
    channels, purposes = _CHANNEL.names, _PURPOSE.names
    ticked = {name for name, value in form if value == "on"}
    for name in dict.fromkeys(value for field, value in form if field == SHOWN):
        channel, _, purpose = name.partition(".")
        if channel in channels and purpose in purposes:
            yield pb.Preference(
                channel=_CHANNEL.number(channel),
                purpose=_PURPOSE.number(purpose),
                wanted=name in ticked,
            )


def _checked(token: str) -> str:
    """The token, if it can be one; it becomes part of the page."""
    if not _TOKEN.fullmatch(token):
        raise RefusedError(TreadleError(ErrorReason.NOT_FOUND, "no such link"))
    return token


def _may_change(token: str, request: Request) -> None:
    limit: RateLimit = request.app.state.preference_rates
    if not limit.takes(_checked(token)):
        raise RefusedError(overloaded("too many changes by one link", RATE_WINDOW))


def _apology(refused: RefusedError) -> Response:
    if refused.error.reason in {ErrorReason.NOT_FOUND, ErrorReason.MALFORMED_REQUEST}:
        return message_page(
            HTTPStatus.NOT_FOUND,
            "This link does not work",
            "It may have been cut off on its way. Copy the whole link from the email, or answer the"
            " email and say what you want.",
        )
    if refused.error.reason is ErrorReason.OVERLOADED:
        return message_page(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Please wait a moment",
            "This link has been used too often within a minute. Nothing was changed.",
        )
    return message_page(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Please try again",
        "Your choice could not be stored just now. Nothing was changed; try again in some minutes.",
    )


async def _form(request: Request) -> Form:
    """The fields of a form in either of its encodings; none where it is something else."""
    body = await request.body()
    kind = request.headers.get("content-type", "")
    try:
        if kind.startswith("multipart/form-data"):
            return _parts(kind, body)
        return parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except (ValueError, TypeError):
        # Too many fields, or parameters of parts on which the parser of email trips.
        return []


def _parts(kind: str, body: bytes) -> Form:
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    return [
        (str(part.get_param("name", "", "content-disposition")), _text(part.get_payload()))
        for part in message_from_bytes(head + body).walk()
        if not part.is_multipart()
    ]


def _text(payload: object) -> str:
    return payload.strip() if isinstance(payload, str) else ""
