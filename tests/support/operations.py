"""Operations over gRPC, and workers that a test drives batch by batch."""

from typing import Any

from action_service.adapters.operation_queue import PostgresOperationQueue
from action_service.use_cases.operations.work import OperationWork
from tests.support.action_api import Api, Client
from treadle.operation.v1 import operation_pb2
from treadle.operation.v1 import operation_service_pb2 as pb

KINDS = {
    "cancel": operation_pb2.OPERATION_KIND_CANCEL,
    "pause": operation_pb2.OPERATION_KIND_PAUSE,
    "resume": operation_pb2.OPERATION_KIND_RESUME,
}


def worker(api: Api) -> OperationWork:
    """Another worker on the api's database."""
    return OperationWork(PostgresOperationQueue(api.db))


async def do_all(api: Api) -> int:
    """Does what there is to do; returns the number of batches."""
    work, batches = worker(api), 0
    while await work.next_batch():
        batches += 1
    return batches


async def start(
    client: Client, kind: str, *, reason: str = "", request_id: str = "", **which: Any
) -> operation_pb2.Operation:
    """Starts an operation on the executions of this filter."""
    request = pb.StartOperationRequest(
        kind=KINDS[kind],
        filter=operation_pb2.ExecutionFilter(**which),
        reason=reason,
        request_id=request_id,
    )
    return (await client.operations.StartOperation(request)).operation


async def preview(client: Client, kind: str, **which: Any) -> int:
    """How many executions it would be about."""
    request = pb.PreviewOperationRequest(
        kind=KINDS[kind], filter=operation_pb2.ExecutionFilter(**which)
    )
    return (await client.operations.PreviewOperation(request)).matched


async def shown(client: Client, operation_id: str) -> operation_pb2.Operation:
    """The operation as it stands."""
    request = pb.GetOperationRequest(operation_id=operation_id)
    return (await client.operations.GetOperation(request)).operation


def counts(operation: operation_pb2.Operation) -> tuple[int, int, dict[str, int], int]:
    """How many executions matched, were done, skipped by reason, and failed."""
    skipped = {
        operation_pb2.SkipReason.Name(each.reason).removeprefix("SKIP_REASON_").lower(): each.count
        for each in operation.skipped_by_reason
    }
    assert sum(skipped.values()) == operation.skipped
    return operation.matched, operation.done, skipped, operation.failed
