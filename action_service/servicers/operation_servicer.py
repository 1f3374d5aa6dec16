"""OperationService: cancelling, pausing and resuming executions by the thousand."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from action_service.domain.control import Control
from action_service.domain.operations import Operation, OperationStatus, RunFilter
from action_service.domain.states import ExecutionState
from action_service.servicers.requests import (
    parse_enum,
    parse_instant,
    parse_optional_uuid,
    parse_uuid,
    parse_uuids,
)
from action_service.servicers.rpc import Rpc
from action_service.use_cases.operations.operations import (
    cancel_operation,
    count_runs,
    get_operation,
    start_operation,
    watch_operation,
)
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal
from common.errors import FieldViolation, invalid, malformed
from common.paging import PageTokens
from treadle.execution.v1 import execution_pb2
from treadle.operation.v1 import operation_pb2
from treadle.operation.v1 import operation_service_pb2 as pb
from treadle.operation.v1.operation_service_pb2_grpc import OperationServiceServicer

_PAGES = PageTokens("operations", UUID)
_STATE = "EXECUTION_STATE_"


class OperationServicer(OperationServiceServicer):
    """Serves OperationService."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rpc = Rpc(database)

    async def PreviewOperation(
        self, request: pb.PreviewOperationRequest, context: object
    ) -> pb.PreviewOperationResponse:
        """Counts the executions that an operation would be about."""
        control, which = _control(request.kind), _filter(request.filter)

        async def work(tx: Reader) -> pb.PreviewOperationResponse:
            return pb.PreviewOperationResponse(matched=await count_runs(tx, control, which))

        return await self._rpc.read(work)

    async def StartOperation(
        self, request: pb.StartOperationRequest, context: object
    ) -> pb.StartOperationResponse:
        """Stores an operation, which the engine carries out."""
        control, which = _control(request.kind), _filter(request.filter)

        async def work(tx: Writer) -> pb.StartOperationResponse:
            started = await start_operation(tx, control, which, request.reason)
            return pb.StartOperationResponse(operation=operation_message(started))

        return await self._rpc.once(request, request.request_id, pb.StartOperationResponse, work)

    async def GetOperation(
        self, request: pb.GetOperationRequest, context: object
    ) -> pb.GetOperationResponse:
        """Returns one operation."""
        operation_id = parse_uuid("operation_id", request.operation_id)

        async def work(tx: Reader) -> pb.GetOperationResponse:
            operation = await get_operation(tx, operation_id)
            return pb.GetOperationResponse(operation=operation_message(operation))

        return await self._rpc.read(work)

    async def ListOperations(
        self, request: pb.ListOperationsRequest, context: object
    ) -> pb.ListOperationsResponse:
        """Lists operations, newest first."""
        status = parse_enum(
            "status",
            operation_pb2.OperationStatus,
            "OPERATION_STATUS_",
            request.status,
            OperationStatus,
        )
        account = current_principal().require_account()
        page = _PAGES.page(request.page_size, request.page_token, account=account, status=status)

        async def work(tx: Reader) -> pb.ListOperationsResponse:
            rows = await tx.operations.list_page(limit=page.limit, before=page.after, status=status)
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListOperationsResponse(
                operations=[operation_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def WatchOperation(
        self, request: pb.WatchOperationRequest, context: object
    ) -> AsyncGenerator[pb.WatchOperationResponse]:
        """Sends the operation as it stands, then at every change."""
        operation_id = parse_uuid("operation_id", request.operation_id)
        account_id = current_principal().require_account()
        async with aclosing(watch_operation(self._database, account_id, operation_id)) as states:
            async for operation in states:
                yield pb.WatchOperationResponse(operation=operation_message(operation))

    async def CancelOperation(
        self, request: pb.CancelOperationRequest, context: object
    ) -> pb.CancelOperationResponse:
        """Ends an operation where it has come to."""
        operation_id = parse_uuid("operation_id", request.operation_id)

        async def work(tx: Writer) -> pb.CancelOperationResponse:
            operation = await cancel_operation(tx, operation_id)
            return pb.CancelOperationResponse(operation=operation_message(operation))

        return await self._rpc.write(work)


def operation_message(operation: Operation) -> operation_pb2.Operation:
    """The operation on the wire."""
    progress = operation.progress
    return operation_pb2.Operation(
        id=str(operation.id),
        kind=f"OPERATION_KIND_{operation.control.value.upper()}",
        filter=_filter_message(operation.filter),
        reason=operation.reason,
        status=f"OPERATION_STATUS_{operation.status.value.upper()}",
        matched=operation.matched,
        done=progress.done,
        skipped=sum(progress.skipped.values()),
        failed=progress.failed,
        skipped_by_reason=[
            operation_pb2.SkippedCount(reason=f"SKIP_REASON_{reason.value.upper()}", count=count)
            for reason, count in progress.skipped.items()
        ],
        failures=[
            operation_pb2.OperationFailure(
                execution_id=str(failure.execution_id), reason=failure.reason
            )
            for failure in progress.failures
        ],
        started_by=operation.actor,
        created_at=operation.created_at,
        finished_at=operation.finished_at,
    )


def _filter_message(which: RunFilter) -> operation_pb2.ExecutionFilter:
    return operation_pb2.ExecutionFilter(
        workflow_id=which.workflow_id and str(which.workflow_id),
        version=which.version,
        action_id=which.action_id and str(which.action_id),
        states=[f"{_STATE}{state.value.upper()}" for state in which.states],
        started_after=which.started_after,
        started_before=which.started_before,
        tags=which.tags,
        contact_ids=[str(contact_id) for contact_id in which.contact_ids],
    )


def _control(number: int) -> Control:
    control = parse_enum("kind", operation_pb2.OperationKind, "OPERATION_KIND_", number, Control)
    if control is None:
        raise invalid([FieldViolation("kind", "is required: cancel, pause or resume")])
    return control


def _filter(given: operation_pb2.ExecutionFilter) -> RunFilter:
    return RunFilter(
        workflow_id=parse_optional_uuid("filter.workflow_id", given.workflow_id),
        version=given.version if given.HasField("version") else None,
        action_id=parse_optional_uuid("filter.action_id", given.action_id),
        states=tuple(_state(index, number) for index, number in enumerate(given.states)),
        started_after=_instant(given, "started_after"),
        started_before=_instant(given, "started_before"),
        tags=tuple(given.tags),
        contact_ids=tuple(parse_uuids("filter.contact_ids", given.contact_ids)),
    )


def _state(index: int, number: int) -> ExecutionState:
    field = f"filter.states[{index}]"
    state = parse_enum(field, execution_pb2.ExecutionState, _STATE, number, ExecutionState)
    if state is None:
        raise malformed(field, "must be a state")
    return state


def _instant(given: operation_pb2.ExecutionFilter, field: str) -> datetime | None:
    if not given.HasField(field):
        return None
    return parse_instant(f"filter.{field}", getattr(given, field))
