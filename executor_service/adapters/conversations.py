"""With whom a page's messages go, from the action service: asked anew for each message.

How long a page may write to a person changes whenever they do something there.
"""

from datetime import UTC

import grpc
from grpc import aio

from common.errors import ErrorReason
from common.grpc.status import from_rpc_error
from executor_service.ports import Conversation, PageNotFoundError
from treadle.record.v1.messenger_service_pb2 import (
    ResolveConversationRequest,
    ResolveConversationResponse,
)
from treadle.record.v1.messenger_service_pb2_grpc import MessengerServiceStub


class ConversationClient:
    """Conversations of any account; see `executor_service.ports.ConversationSource`."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = MessengerServiceStub(channel)

    async def get(self, account_id: str, page_id: str, contact_id: str) -> Conversation:
        """Raises PageNotFoundError, and TreadleError when out of reach."""
        request = ResolveConversationRequest(
            account_id=account_id, messenger_page_id=page_id, contact_id=contact_id
        )
        try:
            found: ResolveConversationResponse = await self._stub.ResolveConversation(
                request, wait_for_ready=True
            )
        except grpc.RpcError as error:
            refusal = from_rpc_error(error)
            if refusal.reason is ErrorReason.NOT_FOUND:
                raise PageNotFoundError(page_id) from error
            raise refusal from error
        last = found.last_message_at
        return Conversation(
            found.facebook_page_id,
            found.credential,
            found.page_name,
            found.psid,
            last.ToDatetime(tzinfo=UTC) if found.HasField("last_message_at") else None,
        )
