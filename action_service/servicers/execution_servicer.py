"""ExecutionService: runs of workflows for contacts."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

import orjson
from google.protobuf.struct_pb2 import Struct

from action_service.domain.contact import json_problem
from action_service.domain.control import Control
from action_service.domain.plan import Json
from action_service.domain.retry import RetryTiming
from action_service.domain.states import ExecutionState
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Task
from action_service.engine.ports import Ringer
from action_service.engine.turns import Turns
from action_service.servicers.execution_messages import (
    execution_message,
    log_message,
    snapshot_message,
    summary_message,
)
from action_service.servicers.explanation_messages import explanation_message
from action_service.servicers.requests import (
    parse_enum,
    parse_optional_uuid,
    parse_uuid,
    parse_uuids,
)
from action_service.servicers.rpc import Rpc
from action_service.use_cases.control import control_execution
from action_service.use_cases.executions import get_execution, log_page
from action_service.use_cases.explanations import explain_execution
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.start_executions import MAX_CONTACTS, StartedBatch, start_executions
from action_service.use_cases.steer_steps import retry_step, skip_step
from action_service.use_cases.watch import ExecutionWatcher
from action_service.use_cases.workflows import get_workflow
from common.auth import current_principal
from common.catalogue.convert import read_struct
from common.errors import FieldViolation, invalid
from common.paging import PageTokens
from treadle.execution.v1 import execution_pb2
from treadle.execution.v1 import execution_service_pb2 as pb
from treadle.execution.v1.execution_service_pb2_grpc import ExecutionServiceServicer

_MAX_EVENT_BYTES = 32 * 1024
_EXECUTIONS = PageTokens("executions", UUID)
_LOG = PageTokens("action_executions", tuple[datetime, UUID])


class ExecutionServicer(ExecutionServiceServicer):
    """Serves ExecutionService."""

    def __init__(
        self,
        database: Database,
        ringer: Ringer,
        watcher: ExecutionWatcher,
        timing: RetryTiming,
        turns: Turns,
    ) -> None:
        self._rpc = Rpc(database)
        self._timing = timing
        self._ringer = ringer
        self._watcher = watcher
        self._encoder = TaskEncoder()
        self._turns = turns

    async def StartExecution(
        self, request: pb.StartExecutionRequest, context: object
    ) -> pb.StartExecutionResponse:
        """Starts a run for one contact."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        contact_id = parse_uuid("contact_id", request.contact_id)
        event = _event(request.event) if request.HasField("event") else None
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.StartExecutionResponse:
            nonlocal tasks
            started = await self._start(tx, workflow_id, [contact_id], event, "contact_id")
            tasks = started.tasks
            execution = await get_execution(tx, UUID(started.execution_ids[0]))
            return pb.StartExecutionResponse(execution=execution_message(execution))

        response = await self._rpc.once(
            request, request.request_id, pb.StartExecutionResponse, work
        )
        await self._ringer.ring(tasks)
        return response

    async def StartExecutions(
        self, request: pb.StartExecutionsRequest, context: object
    ) -> pb.StartExecutionsResponse:
        """Starts runs for many contacts, all or none."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        contact_ids = parse_uuids("contact_ids", request.contact_ids)
        if not 1 <= len(contact_ids) <= MAX_CONTACTS:
            problem = f"must have 1 to {MAX_CONTACTS:,} items, not {len(contact_ids):,}"
            raise invalid([FieldViolation("contact_ids", problem)])
        event = _event(request.event) if request.HasField("event") else None
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.StartExecutionsResponse:
            nonlocal tasks
            started = await self._start(tx, workflow_id, contact_ids, event, "contact_ids")
            tasks = started.tasks
            return pb.StartExecutionsResponse(execution_ids=started.execution_ids)

        response = await self._rpc.once(
            request, request.request_id, pb.StartExecutionsResponse, work
        )
        await self._ringer.ring(tasks)
        return response

    async def GetExecution(
        self, request: pb.GetExecutionRequest, context: object
    ) -> pb.GetExecutionResponse:
        """Returns one execution."""
        execution_id = parse_uuid("execution_id", request.execution_id)

        async def work(tx: Reader) -> pb.GetExecutionResponse:
            execution = await get_execution(tx, execution_id)
            return pb.GetExecutionResponse(execution=execution_message(execution))

        return await self._rpc.read(work)

    async def ListExecutions(
        self, request: pb.ListExecutionsRequest, context: object
    ) -> pb.ListExecutionsResponse:
        """Lists executions of a workflow or a contact, newest first."""
        workflow_id = parse_optional_uuid("workflow_id", request.workflow_id)
        contact_id = parse_optional_uuid("contact_id", request.contact_id)
        if workflow_id is None and contact_id is None:
            problem = "is required when contact_id is not given"
            raise invalid([FieldViolation("workflow_id", problem)])
        state = parse_enum(
            "state",
            execution_pb2.ExecutionState,
            "EXECUTION_STATE_",
            request.state,
            ExecutionState,
        )
        page = _EXECUTIONS.page(
            request.page_size,
            request.page_token,
            account=current_principal().require_account(),
            workflow=workflow_id,
            contact=contact_id,
            state=state,
        )

        async def work(tx: Reader) -> pb.ListExecutionsResponse:
            rows = await tx.executions.list_page(
                limit=page.limit,
                before=page.after,
                workflow_id=workflow_id,
                contact_id=contact_id,
                state=state,
            )
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListExecutionsResponse(
                executions=[execution_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def WatchExecution(
        self, request: pb.WatchExecutionRequest, context: object
    ) -> AsyncGenerator[pb.WatchExecutionResponse]:
        """Sends the execution and its log as they stand, then at every change."""
        execution_id = parse_uuid("execution_id", request.execution_id)
        account_id = current_principal().require_account()
        async with aclosing(self._watcher.watch(account_id, execution_id)) as snapshots:
            async for snapshot in snapshots:
                yield snapshot_message(snapshot)

    async def CancelExecution(
        self, request: pb.CancelExecutionRequest, context: object
    ) -> pb.CancelExecutionResponse:
        """Ends an execution."""
        execution_id = parse_uuid("execution_id", request.execution_id)

        async def work(tx: Writer) -> pb.CancelExecutionResponse:
            execution = await control_execution(tx, execution_id, Control.CANCEL, request.reason)
            return pb.CancelExecutionResponse(execution=execution_message(execution))

        return await self._rpc.write(work)

    async def SkipStep(self, request: pb.SkipStepRequest, context: object) -> pb.SkipStepResponse:
        """Passes over the step at which an execution stands."""
        execution_id, step_id = _place(request)
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.SkipStepResponse:
            nonlocal tasks
            steered = await skip_step(tx, self._encoder, execution_id, step_id, request.reason)
            tasks = steered.tasks
            return pb.SkipStepResponse(execution=execution_message(steered.execution))

        response = await self._rpc.once(request, request.request_id, pb.SkipStepResponse, work)
        await self._ringer.ring(tasks)
        return response

    async def RetryStep(
        self, request: pb.RetryStepRequest, context: object
    ) -> pb.RetryStepResponse:
        """Opens a failed execution again."""
        execution_id, step_id = _place(request)
        tasks: Sequence[Task] = ()

        async def work(tx: Writer) -> pb.RetryStepResponse:
            nonlocal tasks
            steered = await retry_step(tx, self._encoder, execution_id, step_id, request.reason)
            tasks = steered.tasks
            return pb.RetryStepResponse(execution=execution_message(steered.execution))

        response = await self._rpc.once(request, request.request_id, pb.RetryStepResponse, work)
        await self._ringer.ring(tasks)
        return response

    async def PauseExecution(
        self, request: pb.PauseExecutionRequest, context: object
    ) -> pb.PauseExecutionResponse:
        """Has nothing more of an execution begin."""
        execution_id = parse_uuid("execution_id", request.execution_id)

        async def work(tx: Writer) -> pb.PauseExecutionResponse:
            execution = await control_execution(tx, execution_id, Control.PAUSE, request.reason)
            return pb.PauseExecutionResponse(execution=execution_message(execution))

        return await self._rpc.write(work)

    async def ResumeExecution(
        self, request: pb.ResumeExecutionRequest, context: object
    ) -> pb.ResumeExecutionResponse:
        """Ends the pause of an execution; what was held runs."""
        execution_id = parse_uuid("execution_id", request.execution_id)

        async def work(tx: Writer) -> pb.ResumeExecutionResponse:
            execution = await control_execution(tx, execution_id, Control.RESUME)
            return pb.ResumeExecutionResponse(execution=execution_message(execution))

        return await self._rpc.write(work)

    async def ListActionExecutions(
        self, request: pb.ListActionExecutionsRequest, context: object
    ) -> pb.ListActionExecutionsResponse:
        """Lists the log of an execution."""
        execution_id = parse_uuid("execution_id", request.execution_id)
        page = _LOG.page(request.page_size, request.page_token, execution=execution_id)

        async def work(tx: Reader) -> pb.ListActionExecutionsResponse:
            await get_execution(tx, execution_id)
            rows = await log_page(tx, execution_id, limit=page.limit, after=page.after)
            shown, next_page_token = page.cut(rows, lambda row: (row.run.created_at, row.run.id))
            return pb.ListActionExecutionsResponse(
                action_executions=[log_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def ExplainExecution(
        self, request: pb.ExplainExecutionRequest, context: object
    ) -> pb.ExplainExecutionResponse:
        """Says why an execution is where it is."""
        execution_id = parse_uuid("execution_id", request.execution_id)

        async def work(tx: Reader) -> pb.ExplainExecutionResponse:
            explained = await explain_execution(tx, execution_id, self._timing)
            return pb.ExplainExecutionResponse(explanation=explanation_message(explained))

        return await self._rpc.read(work)

    async def SummarizeExecutions(
        self, request: pb.SummarizeExecutionsRequest, context: object
    ) -> pb.SummarizeExecutionsResponse:
        """Counts a workflow's executions by state and by step."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)

        async def work(tx: Reader) -> pb.SummarizeExecutionsResponse:
            await get_workflow(tx, workflow_id)
            return summary_message(await tx.executions.summary(workflow_id))

        return await self._rpc.read(work)

    async def _start(
        self,
        tx: Writer,
        workflow_id: UUID,
        contact_ids: Sequence[UUID],
        event: dict[str, Json] | None,
        contact_field: str,
    ) -> StartedBatch:
        return await start_executions(
            tx.starts,
            self._encoder,
            self._turns,
            account_id=str(tx.account_id),
            workflow_id=str(workflow_id),
            contact_ids=[str(each) for each in contact_ids],
            event=event,
            contact_field=contact_field,
        )


def _place(request: pb.SkipStepRequest | pb.RetryStepRequest) -> tuple[UUID, UUID]:
    """The execution and the step that are meant."""
    return (
        parse_uuid("execution_id", request.execution_id),
        parse_uuid("action_execution_id", request.action_execution_id),
    )


def _event(struct: Struct) -> dict[str, Json]:
    event: dict[str, Json] = read_struct(struct)
    problem = json_problem(event)
    if problem is None and len(orjson.dumps(event)) > _MAX_EVENT_BYTES:
        problem = f"must have at most {_MAX_EVENT_BYTES:,} bytes as JSON"
    if problem is not None:
        raise invalid([FieldViolation("event", problem)])
    return event
