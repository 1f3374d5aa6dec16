"""WaitService: steps that wait, for operators."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from action_service.domain.waits import AfterWait, WaitKind, rule_of
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Task
from action_service.engine.ports import Ringer
from action_service.servicers.execution_messages import error_message, execution_message
from action_service.servicers.explanation_messages import hold_message
from action_service.servicers.requests import (
    parse_enum,
    parse_instant,
    parse_optional_uuid,
    parse_uuid,
)
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.wait_ports import WaitFilter
from action_service.use_cases.waits import (
    ShownWait,
    Wish,
    cancel_wait,
    fire_wait,
    get_wait,
    rearm_wait,
    shown,
)
from common.auth import current_principal
from common.paging import PageTokens
from treadle.execution.v1 import wait_pb2
from treadle.execution.v1 import wait_service_pb2 as pb
from treadle.execution.v1.wait_service_pb2_grpc import WaitServiceServicer

_PAGES = PageTokens("waits", tuple[datetime, UUID])


class WaitServicer(WaitServiceServicer):
    """Serves WaitService."""

    def __init__(self, database: Database, ringer: Ringer) -> None:
        self._rpc = Rpc(database)
        self._ringer = ringer
        self._encoder = TaskEncoder()

    async def ListWaits(
        self, request: pb.ListWaitsRequest, context: object
    ) -> pb.ListWaitsResponse:
        """Lists waits, next due first."""
        which = _filter(request)
        page = _PAGES.page(
            request.page_size,
            request.page_token,
            account=current_principal().require_account(),
            **which._asdict(),
        )

        async def work(tx: Reader) -> pb.ListWaitsResponse:
            rows = await tx.waits.list_page(which, limit=page.limit, after=page.after)
            rows, next_page_token = page.cut(rows, lambda row: row.place)
            return pb.ListWaitsResponse(
                waits=[wait_message(each) for each in await shown(tx, rows)],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def GetWait(self, request: pb.GetWaitRequest, context: object) -> pb.GetWaitResponse:
        """Returns one wait."""
        wait_id = parse_uuid("id", request.id)

        async def work(tx: Reader) -> pb.GetWaitResponse:
            return pb.GetWaitResponse(wait=wait_message(await get_wait(tx, wait_id)))

        return await self._rpc.read(work)

    async def RearmWait(
        self, request: pb.RearmWaitRequest, context: object
    ) -> pb.RearmWaitResponse:
        """Arms a wait anew."""
        wish = _wish(request)
        due_at = parse_instant("due_at", request.due_at) if request.HasField("due_at") else None
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.RearmWaitResponse:
            nonlocal tasks
            wait, tasks = await rearm_wait(tx, self._encoder, wish, due_at)
            return pb.RearmWaitResponse(wait=wait_message(wait))

        response = await self._rpc.once(request, request.request_id, pb.RearmWaitResponse, work)
        await self._ringer.ring(tasks)
        return response

    async def FireWait(self, request: pb.FireWaitRequest, context: object) -> pb.FireWaitResponse:
        """Ends a wait as if its instant had come."""
        wish = _wish(request)
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.FireWaitResponse:
            nonlocal tasks
            steered = await fire_wait(tx, self._encoder, wish)
            tasks = steered.tasks
            return pb.FireWaitResponse(execution=execution_message(steered.execution))

        response = await self._rpc.once(request, request.request_id, pb.FireWaitResponse, work)
        await self._ringer.ring(tasks)
        return response

    async def CancelWait(
        self, request: pb.CancelWaitRequest, context: object
    ) -> pb.CancelWaitResponse:
        """Gives a wait up."""
        wish = _wish(request)
        then = parse_enum("then", pb.AfterWait, "AFTER_WAIT_", request.then, AfterWait)
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.CancelWaitResponse:
            nonlocal tasks
            steered = await cancel_wait(tx, self._encoder, wish, then or AfterWait.GO_ON)
            tasks = steered.tasks
            return pb.CancelWaitResponse(execution=execution_message(steered.execution))

        response = await self._rpc.once(request, request.request_id, pb.CancelWaitResponse, work)
        await self._ringer.ring(tasks)
        return response


def wait_message(each: ShownWait) -> wait_pb2.Wait:
    """The wait on the wire."""
    wait, step = each.wait, each.wait.step
    event_type, related_action_id = ("", "") if each.action is None else rule_of(each.action)
    return wait_pb2.Wait(
        id=str(step.id),
        etag=str(step.attempt_id),
        kind=f"WAIT_KIND_{wait.kind.value.upper()}",
        execution_id=str(step.execution_id),
        execution_state=f"EXECUTION_STATE_{wait.execution_state.value.upper()}",
        workflow_id=str(wait.workflow_id),
        workflow_version=wait.workflow_version,
        action_id=str(wait.action_id),
        action_name=None if each.action is None else each.action.name,
        action_type=step.action_type,
        contact_id=str(wait.contact_id or ""),
        since=wait.since,
        due_at=wait.due_at,
        reason=step.reason,
        set_by_operator=wait.set_by_operator,
        event_type=event_type,
        related_action_id=related_action_id,
        error=error_message(wait.error_class, wait.error_message),
        retry_count=wait.retry_count,
        hold=None if wait.hold is None else hold_message(wait.hold),
    )


def _filter(request: pb.ListWaitsRequest) -> WaitFilter:
    due = {
        name: parse_instant(name, getattr(request, name))
        for name in ("due_from", "due_before")
        if request.HasField(name)
    }
    return WaitFilter(
        workflow_id=parse_optional_uuid("workflow_id", request.workflow_id),
        action_id=parse_optional_uuid("action_id", request.action_id),
        contact_id=parse_optional_uuid("contact_id", request.contact_id),
        kind=parse_enum("kind", wait_pb2.WaitKind, "WAIT_KIND_", request.kind, WaitKind),
        **due,
    )


def _wish(request: pb.RearmWaitRequest | pb.FireWaitRequest | pb.CancelWaitRequest) -> Wish:
    return Wish(parse_uuid("id", request.id), request.etag, request.reason)
