"""Where providers post what happens to messages and payments: no token, but a signature."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from common.errors import ErrorReason
from common.telemetry import get_logger
from gateway import problems
from gateway.headers import UpstreamDep
from gateway.inbound import twilio, voice
from gateway.inbound.account_secrets import WIRE
from gateway.inbound.checks import Posted, Provider
from gateway.inbound.desk import PREFIX, InboundDesk
from gateway.inbound.signature import SignatureError
from gateway.models.base import UuidText
from treadle.inbound.v1 import inbound_service_pb2 as pb

router: Final = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)
_log = get_logger(__name__)

# An answer to a text message may hold instructions; Twilio takes nothing else for none.
_NO_INSTRUCTIONS: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


async def _desk(request: Request) -> InboundDesk:
    desk: InboundDesk = request.app.state.inbound
    return desk


DeskDep = Annotated[InboundDesk, Depends(_desk)]
AccountId = Annotated[UuidText, Path()]


@router.post("/{provider}/{account_id}")
async def receive(
    provider: Provider,
    account_id: AccountId,
    request: Request,
    desk: DeskDep,
    upstream: UpstreamDep,
) -> Response:
    """Hand on what the provider has signed; 403 for what it has not."""
    posted = Posted(_url(request, desk), request.headers, await request.body())
    try:
        own_secret = await desk.check(provider, account_id, posted)
    except SignatureError as error:
        return _refused(provider, account_id, error)
    message = pb.RecordProviderEventsRequest(
        provider=WIRE[provider],
        account_id=account_id,
        body=posted.body,
        query=request.url.query,
        own_secret=own_secret,
    )
    await desk.caller().call(upstream.inbound.RecordProviderEvents, message)
    if provider is Provider.TWILIO:
        return Response(_NO_INSTRUCTIONS, media_type="text/xml")
    return Response(status_code=200)


@router.post("/twilio/{account_id}/voice")
async def instruct(account_id: AccountId, request: Request, desk: DeskDep) -> Response:
    """Say what is done with whoever has answered; 403 for what Twilio has not signed."""
    posted = Posted(_url(request, desk), request.headers, await request.body())
    try:
        await desk.check(Provider.TWILIO, account_id, posted)
        answered_by = twilio.parameters(posted.body).get("AnsweredBy", [""])[0]
        return Response(voice.twiml(request.query_params, answered_by), media_type="text/xml")
    except SignatureError as error:
        return _refused(Provider.TWILIO, account_id, error)
    except voice.NoScriptError:
        return problems.problem(
            ErrorReason.MALFORMED_REQUEST, "the address says nothing that could be done"
        )


@router.get("/meta/{account_id}")
async def subscribe(account_id: AccountId, request: Request, desk: DeskDep) -> Response:
    """Answer Meta's handshake."""
    try:
        challenge = desk.answer_meta(request.query_params)
    except SignatureError as error:
        return _refused(Provider.META, account_id, error)
    return Response(challenge, media_type="text/plain")


def _refused(provider: Provider, account_id: str, error: SignatureError) -> Response:
    """What was wrong is for our log; whoever guesses signatures learns nothing."""
    _log.warning(
        "inbound_refused", provider=provider.value, account_id=account_id, reason=str(error)
    )
    return problems.problem(ErrorReason.PERMISSION_DENIED, "the signature is not valid")


def _url(request: Request, desk: InboundDesk) -> str:
    """The path as it was sent, for a decoded one is not what was signed."""
    raw: bytes = request.scope["raw_path"]
    path = raw.partition(b"?")[0].decode("latin-1")
    query = request.url.query
    return desk.url(str(request.base_url), f"{path}?{query}" if query else path)
