"""Why an execution is where it is: reads what is known of it, and has it explained.

Everything is in the engine's own database, as the scheduler and the executors reported it when they
put the step off. So the answer is the same while they are down.
"""

from uuid import UUID

from action_service.domain.event_waits import (
    WAIT_FOR_EVENT,
    awaited_type,
    ignores_automatic,
    related_action,
)
from action_service.domain.explanation.answer import Explanation
from action_service.domain.explanation.facts import Facts, Ignored, StepFacts, last_failure
from action_service.domain.explanation.reasons import explain
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Plan
from action_service.domain.retry import ErrorClass, RetryTiming
from action_service.engine.writing import retry_limit
from action_service.use_cases.executions import get_execution
from action_service.use_cases.ports import Reader
from action_service.use_cases.workflows import get_workflow
from common.errors import not_found


async def explain_execution(tx: Reader, execution_id: UUID, timing: RetryTiming) -> Explanation:
    """The explanation; refuses an execution that is not there."""
    execution = await get_execution(tx, execution_id)
    standing = await tx.executions.standing(execution_id)
    if standing is None:
        raise not_found("execution", execution_id)
    workflow = await get_workflow(tx, execution.workflow_id)
    facts = Facts(
        now=standing.now,
        execution=execution,
        workflow_name=workflow.name,
        workflow_paused=workflow.status is WorkflowStatus.PAUSED,
        plan=Plan(str(workflow.id), workflow.name, execution.workflow_version),
        timing=timing,
    )
    if standing.step is not None:
        facts = await _with_step(tx, facts, standing.step)
    return explain(facts)


async def _with_step(tx: Reader, facts: Facts, step: StepFacts) -> Facts:
    version_id = step.run.version_id
    plan = (await tx.workflows.plans({version_id}))[version_id]
    branches = await tx.workflows.branches(facts.execution.workflow_id)
    unknown = await tx.unknown_sends.of_steps([step.run.id])
    dead = await tx.dead_letters.of_steps([step.run.id])
    return Facts(
        now=facts.now,
        execution=facts.execution,
        workflow_name=facts.workflow_name,
        workflow_paused=facts.workflow_paused,
        plan=plan,
        timing=facts.timing,
        step=step,
        branch_names={str(branch.id): branch.name for branch in branches},
        max_retries=_retry_limit(plan, step),
        unknown_send=unknown.get(step.run.id),
        dead_letter_id=dead.get(step.run.id),
        ignored=await _ignored(tx, plan, step),
    )


def _retry_limit(plan: Plan, step: StepFacts) -> int | None:
    failed = last_failure(step)
    if failed is None or failed.error_class is None:
        return None
    return retry_limit(plan, str(step.run.action_id), ErrorClass(failed.error_class))


async def _ignored(tx: Reader, plan: Plan, step: StepFacts) -> Ignored:
    planned = plan.by_id.get(str(step.run.action_id))
    if planned is None or planned.action_type != WAIT_FOR_EVENT or not ignores_automatic(planned):
        return Ignored()
    return await tx.executions.ignored(step.run.id, awaited_type(planned), related_action(planned))
