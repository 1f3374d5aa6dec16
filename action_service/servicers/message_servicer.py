"""MessageService: what was sent, and what has become of it."""

from uuid import UUID

from action_service.domain.messages import DeliveryState
from action_service.servicers.message_messages import message_message
from action_service.servicers.requests import parse_enum, parse_optional_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Reader
from common.auth import current_principal
from common.errors import FieldViolation, invalid
from common.paging import PageTokens
from treadle.message.v1 import message_pb2
from treadle.message.v1 import message_service_pb2 as pb
from treadle.message.v1.message_service_pb2_grpc import MessageServiceServicer

_MESSAGES = PageTokens("messages", UUID)


class MessageServicer(MessageServiceServicer):
    """Serves MessageService."""

    def __init__(self, database: Database) -> None:
        self._rpc = Rpc(database)

    async def ListMessages(
        self, request: pb.ListMessagesRequest, context: object
    ) -> pb.ListMessagesResponse:
        """Lists what was sent to a contact, by a workflow or by an execution, newest first."""
        contact_id = parse_optional_uuid("contact_id", request.contact_id)
        workflow_id = parse_optional_uuid("workflow_id", request.workflow_id)
        execution_id = parse_optional_uuid("execution_id", request.execution_id)
        if contact_id is None and workflow_id is None and execution_id is None:
            problem = "is required when neither workflow_id nor execution_id is given"
            raise invalid([FieldViolation("contact_id", problem)])
        state = parse_enum(
            "state",
            message_pb2.DeliveryState,
            "DELIVERY_STATE_",
            request.state,
            DeliveryState,
        )
        page = _MESSAGES.page(
            request.page_size,
            request.page_token,
            account=current_principal().require_account(),
            contact=contact_id,
            workflow=workflow_id,
            execution=execution_id,
            state=state,
        )

        async def work(tx: Reader) -> pb.ListMessagesResponse:
            rows = await tx.messages.list_page(
                limit=page.limit,
                before=page.after,
                contact_id=contact_id,
                workflow_id=workflow_id,
                execution_id=execution_id,
                state=state,
            )
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListMessagesResponse(
                messages=[message_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)
