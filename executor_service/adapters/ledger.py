"""Claims on the action service, many in a call.

While one call is under way the next claims gather and go together, so a busy executor makes few
calls and a lone claim does not wait.
"""

import asyncio
from typing import Final, TypeAlias

import grpc
from grpc import aio

from common.errors import ErrorReason, TreadleError
from common.grpc.status import from_rpc_error
from executor_service.ports import ClaimDecision, Refused
from executor_service.recipients import Recipient
from treadle.ledger.v1.ledger_service_pb2 import (
    Claim,
    ClaimAttemptsRequest,
    ClaimAttemptsResponse,
)
from treadle.ledger.v1.ledger_service_pb2 import ClaimDecision as WireDecision
from treadle.ledger.v1.ledger_service_pb2 import Recipient as WireRecipient
from treadle.ledger.v1.ledger_service_pb2_grpc import LedgerServiceStub

MAX_CLAIMS: Final = 500

_DECISIONS: Final = {
    WireDecision.CLAIM_DECISION_GRANTED: ClaimDecision.GRANTED,
    WireDecision.CLAIM_DECISION_ALREADY_CLAIMED: ClaimDecision.ALREADY_CLAIMED,
    WireDecision.CLAIM_DECISION_STALE: ClaimDecision.STALE,
}

Decision: TypeAlias = ClaimDecision | Refused

_Pending = tuple[Claim, "asyncio.Future[Decision]"]


class LedgerClient:
    """The ledger of the action service; see `executor_service.ports.Ledger`."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = LedgerServiceStub(channel)
        self._pending: list[_Pending] = []
        self._sender: asyncio.Task[None] | None = None

    async def claim(
        self,
        *,
        attempt_id: str,
        action_execution_id: str,
        account_id: str,
        delivery_id: str = "",
        recipient: Recipient | None = None,
    ) -> Decision:
        """Raises TreadleError when the ledger gives no decision.

        Such a claim may be stored all the same, so the attempt must not be claimed again.
        """
        claim = Claim(
            attempt_id=attempt_id,
            action_execution_id=action_execution_id,
            account_id=account_id,
            delivery_id=delivery_id,
            recipient=None if recipient is None else _message(recipient),
        )
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._pending.append((claim, future))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        return await future

    async def _send_all(self) -> None:
        # Claims made in the same turn of the event loop join the first call.
        await asyncio.sleep(0)
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_CLAIMS], self._pending[MAX_CLAIMS:]
                await self._send(batch)
        finally:
            self._sender = None

    async def _send(self, batch: list[_Pending]) -> None:
        try:
            decisions = await self._call([claim for claim, _ in batch])
        except TreadleError as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), decision in zip(batch, decisions, strict=True):
                if not future.done():
                    future.set_result(decision)

    async def _call(self, claims: list[Claim]) -> list[Decision]:
        try:
            response: ClaimAttemptsResponse = await self._stub.ClaimAttempts(
                ClaimAttemptsRequest(claims=claims), wait_for_ready=True
            )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        decisions = [
            Refused(response.reasons[place])
            if decision == WireDecision.CLAIM_DECISION_REFUSED
            else _DECISIONS.get(decision)
            for place, decision in enumerate(response.decisions)
        ]
        if len(decisions) != len(claims) or None in decisions:
            raise TreadleError(ErrorReason.INTERNAL, "the ledger's answer is not complete")
        return [decision for decision in decisions if decision is not None]


def _message(recipient: Recipient) -> WireRecipient:
    return WireRecipient(
        channel=recipient.channel,
        address=recipient.address,
        purpose=recipient.purpose,
        contact_id=recipient.contact_id,
    )
