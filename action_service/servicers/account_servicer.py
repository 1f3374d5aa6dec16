"""AccountService: the settings of the caller's account."""

from action_service.domain.account import Account
from action_service.domain.workflow import etag
from action_service.servicers.requests import mask_of
from action_service.servicers.rpc import Rpc
from action_service.use_cases.accounts import SPEC, facts_of, get_account, update_account
from action_service.use_cases.ports import Database, Reader, Writer
from treadle.account.v1 import account_pb2
from treadle.account.v1 import account_service_pb2 as pb
from treadle.account.v1.account_service_pb2_grpc import AccountServiceServicer


class AccountServicer(AccountServiceServicer):
    """Serves AccountService."""

    def __init__(self, database: Database) -> None:
        self._rpc = Rpc(database)

    async def GetAccount(
        self, request: pb.GetAccountRequest, context: object
    ) -> pb.GetAccountResponse:
        """Returns the settings."""

        async def work(tx: Reader) -> pb.GetAccountResponse:
            return pb.GetAccountResponse(account=_message(await get_account(tx)))

        return await self._rpc.read(work)

    async def UpdateAccount(
        self, request: pb.UpdateAccountRequest, context: object
    ) -> pb.UpdateAccountResponse:
        """Changes settings."""
        mask = mask_of(request.update_mask, request.account, SPEC.editable)
        given = SPEC.read(request.account)

        async def work(tx: Writer) -> pb.UpdateAccountResponse:
            account = await update_account(tx, given, mask, etag=request.etag)
            return pb.UpdateAccountResponse(account=_message(account))

        return await self._rpc.write(work)


def _message(account: Account) -> account_pb2.Account:
    message = account_pb2.Account(
        id=str(account.id),
        created_at=account.created_at,
        updated_at=account.updated_at,
        etag=etag(account.revision),
    )
    SPEC.fill(message, facts_of(account.settings))
    return message
