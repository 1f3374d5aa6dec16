"""How a statement reads where an execution stands."""

from collections.abc import Sequence
from datetime import datetime

from action_service.domain.states import ActionStatus, ExecutionState
from action_service.engine.model import Standing

# Of an execution `e`, its workflow `w`, its current action execution `a` and the claim `s` of that
# one's attempt.
STANDING = """
    e.id::text, e.account_id::text, e.workflow_id::text, e.version_id::text, e.contact_id::text,
    e.state, w.status, e.current_action_id::text, e.current_action_execution_id::text,
    e.current_attempt_id::text, a.attempt_number, a.retry_count, a.status, e.event IS NOT NULL,
    s.attempt_id IS NOT NULL, s.provider_reference, s.claimed_at,
    a.scheduled_at, a.created_at, now(), e.origin_execution_ids::text[], a.resume_at, a.retry_base,
    a.step_key::text
"""


def standing(
    execution_id: str,
    account_id: str,
    workflow_id: str,
    version_id: str,
    contact_id: str,
    state: str,
    workflow_status: str,
    action_id: str,
    action_execution_id: str,
    attempt_id: str,
    attempt_number: int,
    retry_count: int,
    status: str,
    has_event: bool,  # noqa: FBT001 - a row's column
    claimed: bool,  # noqa: FBT001 - as above
    provider_reference: str | None,
    claimed_at: datetime | None,
    scheduled_at: datetime | None,
    reached_at: datetime,
    now: datetime,
    origin: Sequence[str] | None,
    resume_at: datetime | None,
    retry_base: int,
    step_key: str | None,
) -> Standing:
    """A row of `STANDING`."""
    return Standing(
        execution_id,
        account_id,
        workflow_id,
        version_id,
        contact_id,
        ExecutionState(state),
        workflow_status,
        action_id,
        action_execution_id,
        attempt_id,
        attempt_number,
        retry_count,
        ActionStatus(status),
        has_event,
        claimed,
        provider_reference,
        claimed_at,
        scheduled_at,
        reached_at,
        now,
        origin,
        resume_at,
        retry_base,
        step_key,
    )
