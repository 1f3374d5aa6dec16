"""Runs of workflows for contacts."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from common.errors import ErrorReason
from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.executions import action_execution_list, execution, execution_list, summary
from gateway.mapping.explanations import explanation
from gateway.mapping.values import struct
from gateway.models.executions import (
    EXECUTION_STATE,
    ActionExecutionList,
    CancelExecutionBody,
    Execution,
    ExecutionList,
    ExecutionsSummary,
    ExecutionStateName,
    PauseExecutionBody,
    StartedExecutions,
    StartExecutionsBody,
    SteerStepBody,
)
from gateway.models.explanations import Explanation
from gateway.openapi import CREATES
from gateway.parameters import (
    DEFAULT_PAGE_SIZE,
    ContactFilter,
    ExecutionId,
    PageSize,
    PageToken,
    WorkflowFilter,
    WorkflowId,
)
from gateway.pointers import BodyFields
from gateway.problems import Fault, InvalidRequestError
from gateway.requests import StrictRoute
from treadle.execution.v1 import execution_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1", tags=["executions"], route_class=StrictRoute)
_START_FIELDS: Final = BodyFields.of(StartExecutionsBody)
_CANCEL_FIELDS: Final = BodyFields.of(CancelExecutionBody)
_STEP_FIELDS: Final = BodyFields.of(SteerStepBody)
_PAUSE_FIELDS: Final = BodyFields.of(PauseExecutionBody)

StateFilter = Annotated[
    ExecutionStateName | None, Query(description="Keep only executions in this state.")
]


@router.post(
    "/workflows/{workflow_id}/executions",
    status_code=201,
    operation_id="startExecutions",
    responses=CREATES,
)
async def start_executions(
    workflow_id: WorkflowId,
    body: StartExecutionsBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Execution | StartedExecutions:
    """Run an active workflow for one contact, or for up to 1,000 at once (all or none)."""
    event = struct(body.event) if body.event is not None else None
    if body.contact_ids is not None:
        many = pb.StartExecutionsRequest(
            workflow_id=workflow_id,
            contact_ids=body.contact_ids,
            event=event,
            request_id=request_id,
        )
        started = await caller.call(upstream.executions.StartExecutions, many, fields=_START_FIELDS)
        response.headers["Location"] = f"/api/v1/workflows/{workflow_id}/executions"
        return StartedExecutions(execution_ids=list(started.execution_ids))
    one = pb.StartExecutionRequest(
        workflow_id=workflow_id,
        contact_id=body.contact_id or "",
        event=event,
        request_id=request_id,
    )
    answer = await caller.call(upstream.executions.StartExecution, one, fields=_START_FIELDS)
    response.headers["Location"] = f"/api/v1/executions/{answer.execution.id}"
    return execution(answer.execution)


@router.get("/workflows/{workflow_id}/executions", operation_id="listWorkflowExecutions")
async def list_workflow_executions(
    workflow_id: WorkflowId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    contact_id: ContactFilter = None,
    state: StateFilter = None,
) -> ExecutionList:
    """List a workflow's executions, newest first."""
    request = pb.ListExecutionsRequest(
        workflow_id=workflow_id,
        contact_id=contact_id or "",
        state=EXECUTION_STATE.number(state),
        page_size=page_size,
        page_token=page_token,
    )
    return execution_list(await caller.call(upstream.executions.ListExecutions, request))


@router.get("/workflows/{workflow_id}/executions/summary", operation_id="summarizeExecutions")
async def summarize_executions(
    workflow_id: WorkflowId, caller: CallerDep, upstream: UpstreamDep
) -> ExecutionsSummary:
    """How a workflow's executions stand, by state and by step."""
    request = pb.SummarizeExecutionsRequest(workflow_id=workflow_id)
    return summary(await caller.call(upstream.executions.SummarizeExecutions, request))


@router.get("/executions", operation_id="listExecutions")
async def list_executions(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    workflow_id: WorkflowFilter = None,
    contact_id: ContactFilter = None,
    state: StateFilter = None,
) -> ExecutionList:
    """List executions of a workflow or of a contact (at least one of the two), newest first."""
    if workflow_id is None and contact_id is None:
        raise InvalidRequestError(
            [Fault("or contact_id is required", parameter="workflow_id")],
            reason=ErrorReason.MALFORMED_REQUEST,
        )
    request = pb.ListExecutionsRequest(
        workflow_id=workflow_id or "",
        contact_id=contact_id or "",
        state=EXECUTION_STATE.number(state),
        page_size=page_size,
        page_token=page_token,
    )
    return execution_list(await caller.call(upstream.executions.ListExecutions, request))


@router.get("/executions/{execution_id}", operation_id="getExecution")
async def get_execution(
    execution_id: ExecutionId, caller: CallerDep, upstream: UpstreamDep
) -> Execution:
    """Show one execution."""
    request = pb.GetExecutionRequest(execution_id=execution_id)
    answer = await caller.call(upstream.executions.GetExecution, request)
    return execution(answer.execution)


@router.get("/executions/{execution_id}/actions", operation_id="listActionExecutions")
async def list_action_executions(
    execution_id: ExecutionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> ActionExecutionList:
    """The log of an execution: its actions with their attempts, in the order they came to be."""
    request = pb.ListActionExecutionsRequest(
        execution_id=execution_id, page_size=page_size, page_token=page_token
    )
    answer = await caller.call(upstream.executions.ListActionExecutions, request)
    return action_execution_list(answer)


@router.get("/executions/{execution_id}/explanation", operation_id="explainExecution")
async def explain_execution(
    execution_id: ExecutionId, caller: CallerDep, upstream: UpstreamDep
) -> Explanation:
    """Why an execution is where it is, and what it takes to go on: in data and in words."""
    request = pb.ExplainExecutionRequest(execution_id=execution_id)
    answer = await caller.call(upstream.executions.ExplainExecution, request)
    return explanation(answer.explanation)


@router.post("/executions/{execution_id}/cancel", operation_id="cancelExecution")
async def cancel_execution(
    execution_id: ExecutionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    body: CancelExecutionBody | None = None,
) -> Execution:
    """End an execution now; what a provider has already accepted is not taken back."""
    reason = body.reason if body else None
    request = pb.CancelExecutionRequest(execution_id=execution_id, reason=reason or "")
    answer = await caller.call(upstream.executions.CancelExecution, request, fields=_CANCEL_FIELDS)
    return execution(answer.execution)


@router.post("/executions/{execution_id}/skip-step", operation_id="skipStep")
async def skip_step(
    execution_id: ExecutionId,
    body: SteerStepBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> Execution:
    """Pass over the step at which an execution stands; it goes on with the next one.

    Refused (409) while a message or call of the step may still go out.
    """
    request = pb.SkipStepRequest(
        execution_id=execution_id,
        action_execution_id=body.action_execution_id,
        reason=body.reason or "",
        request_id=request_id,
    )
    answer = await caller.call(upstream.executions.SkipStep, request, fields=_STEP_FIELDS)
    return execution(answer.execution)


@router.post("/executions/{execution_id}/retry-step", operation_id="retryStep")
async def retry_step(
    execution_id: ExecutionId,
    body: SteerStepBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> Execution:
    """Open a failed execution again, with another attempt at the step that it failed at."""
    request = pb.RetryStepRequest(
        execution_id=execution_id,
        action_execution_id=body.action_execution_id,
        reason=body.reason or "",
        request_id=request_id,
    )
    answer = await caller.call(upstream.executions.RetryStep, request, fields=_STEP_FIELDS)
    return execution(answer.execution)


@router.post("/executions/{execution_id}/pause", operation_id="pauseExecution")
async def pause_execution(
    execution_id: ExecutionId,
    caller: CallerDep,
    upstream: UpstreamDep,
    body: PauseExecutionBody | None = None,
) -> Execution:
    """Have nothing more of an execution begin; timers run on, and what comes due is held."""
    reason = body.reason if body else None
    request = pb.PauseExecutionRequest(execution_id=execution_id, reason=reason or "")
    answer = await caller.call(upstream.executions.PauseExecution, request, fields=_PAUSE_FIELDS)
    return execution(answer.execution)


@router.post("/executions/{execution_id}/resume", operation_id="resumeExecution")
async def resume_execution(
    execution_id: ExecutionId, caller: CallerDep, upstream: UpstreamDep
) -> Execution:
    """End the pause of an execution; what was held runs a moment later."""
    request = pb.ResumeExecutionRequest(execution_id=execution_id)
    answer = await caller.call(upstream.executions.ResumeExecution, request)
    return execution(answer.execution)
