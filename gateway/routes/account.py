"""The settings of the caller's account."""

from typing import Final

from fastapi import APIRouter, Response
from google.protobuf.field_mask_pb2 import FieldMask

from gateway.headers import CallerDep, IfMatchDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.account import CHANNELS, TEXT_FIELDS, account, account_message
from gateway.models.account import Account, UpdateAccountBody
from gateway.openapi import SHOWS_ETAG
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.account.v1 import account_pb2
from treadle.account.v1 import account_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/account", tags=["account"], route_class=StrictRoute)
_FIELDS: Final = BodyFields.of(UpdateAccountBody, moved={("account",): ()})


@router.get("", operation_id="getAccount", responses=SHOWS_ETAG)
async def get_account(caller: CallerDep, upstream: UpstreamDep, response: Response) -> Account:
    """Show the account's settings."""
    answer = await caller.call(upstream.account.GetAccount, pb.GetAccountRequest())
    return _with_etag(answer.account, response)


@router.patch("", operation_id="updateAccount", responses=SHOWS_ETAG)
async def update_account(
    body: UpdateAccountBody,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Account:
    """Change the account's settings; what is left out stays as it is."""
    paths = [name for name in (*TEXT_FIELDS, CHANNELS) if getattr(body, name) is not None]
    request = pb.UpdateAccountRequest(
        account=account_message(body),
        update_mask=FieldMask(paths=paths),
        etag=agreed_etag(if_match, body.etag),
    )
    answer = await caller.call(upstream.account.UpdateAccount, request, fields=_FIELDS)
    return _with_etag(answer.account, response)


def _with_etag(message: account_pb2.Account, response: Response) -> Account:
    response.headers["ETag"] = quoted(message.etag)
    return account(message)
