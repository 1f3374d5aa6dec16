"""Failed executions of one account, opened again by operators."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from action_service.adapters.sql import Repository
from action_service.adapters.waits import STEP_COLUMNS, step_state
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.reopening import Failure
from action_service.use_cases.execution_ports import Reopening

# An erasure locks the contact, cancels what is open, and takes the contact away from all runs.
_KEEP_CONTACT = text(
    """
    SELECT FROM contacts c
    JOIN workflow_executions e ON e.account_id = c.account_id AND e.contact_id = c.id
    WHERE e.account_id = :account AND e.id = :id
    FOR KEY SHARE OF c
    """
)
# Who enrols in the campaign, or enters the workflow by a trigger, takes the same rows. After the
# run's, as the engine does.
_KEEP_CAMPAIGN = text(
    """
    SELECT FROM campaigns c
    JOIN campaign_enrollments n ON n.campaign_id = c.id
    JOIN workflow_executions e ON e.enrollment_id = n.id
    WHERE e.account_id = :account AND e.id = :id
    FOR NO KEY UPDATE OF c
    """
)
_KEEP_ENTRY = text(
    """
    SELECT FROM workflow_entries p
    JOIN workflow_executions e ON e.workflow_id = p.workflow_id AND e.contact_id = p.contact_id
    WHERE e.account_id = :account AND e.id = :id AND e.trigger_event_id IS NOT NULL
    FOR NO KEY UPDATE OF p
    """
)
_FAILURE = text(
    f"""
    SELECT {STEP_COLUMNS}, x.action_id, e.version_id, e.contact_id, w.status AS workflow_status,
           now() AS now,
           ARRAY(
               SELECT t.error_class FROM workflow_action_attempts t
               WHERE t.action_execution_id = x.id AND t.error_class IS NOT NULL
           ) AS error_classes,
           (SELECT min(t.started_at) FROM workflow_action_attempts t
            WHERE t.action_execution_id = x.id) AS first_attempt_at,
           EXISTS (
               SELECT FROM unknown_sends u
               WHERE u.action_execution_id = x.id AND u.delivery_id IS NULL AND u.state <> 'settled'
           ) AS has_open_unknown_send,
           x.error_class = 'internal' AND EXISTS (
               SELECT FROM send_claims s WHERE s.attempt_id = x.attempt_id
           ) AS may_have_sent,
           EXISTS (
               SELECT FROM campaign_enrollments n
               JOIN campaign_enrollments o
                 ON o.campaign_id = n.campaign_id AND o.contact_id = n.contact_id
               WHERE n.id = e.enrollment_id AND o.status = 'active'
           ) AS is_enrolled_again,
           EXISTS (
               SELECT FROM campaign_enrollments n
               JOIN campaigns c ON c.id = n.campaign_id
               WHERE n.id = e.enrollment_id AND n.status = 'completed' AND c.enrollment_limit <= (
                   SELECT count(*) FROM campaign_enrollments o
                   WHERE o.campaign_id = c.id AND o.status = 'active'
               )
           ) AS is_campaign_full,
           e.trigger_event_id IS NOT NULL AND w.re_entry <> 'always' AND EXISTS (
               SELECT FROM workflow_executions o
               WHERE o.workflow_id = e.workflow_id AND o.contact_id = e.contact_id
                 AND o.state IN ('running', 'waiting', 'paused')
           ) AS has_entered_again
    FROM workflow_executions e
    JOIN workflows w ON w.id = e.workflow_id
    JOIN workflow_action_executions x ON x.workflow_execution_id = e.id AND x.status = 'failed'
    WHERE e.account_id = :account AND e.id = :id
    ORDER BY x.created_at DESC, x.id DESC LIMIT 1
    """  # noqa: S608 - made of a constant
)
# Its enrolment in a campaign has ended with it, as the run of which it is active again.
_REOPEN = text(
    """
    WITH step AS (
        UPDATE workflow_action_executions
        SET status = 'pending', attempt_id = :attempt, attempt_number = attempt_number + 1,
            retry_count = retry_count + 1, retry_base = retry_count + 1,
            step_key = COALESCE(CAST(:step_key AS uuid), step_key), reason = :reason,
            completed_at = NULL, scheduled_at = NULL, resume_at = NULL, result_data = '{}',
            error_class = NULL, error_message = NULL, hold = NULL, rings = 0,
            execution_data = execution_data - 'version_id',
            lease_until = CASE WHEN :state <> 'paused' THEN now() + CAST(:lease AS interval) END
        WHERE account_id = :account AND id = :step
    ), enrolled AS (
        UPDATE campaign_enrollments n
        SET status = 'active', ended_at = NULL, end_reason = NULL
        FROM workflow_executions e
        WHERE e.account_id = :account AND e.id = :id AND n.id = e.enrollment_id
          AND n.status = 'completed'
    )
    UPDATE workflow_executions
    SET state = CAST(:state AS text), reason = NULL, ended_at = NULL, current_action_id = :action,
        current_action_execution_id = :step, current_attempt_id = :attempt
    WHERE account_id = :account AND id = :id
    """
)


class ExecutionReopener(Repository):
    """What a retry by an operator reads and writes."""

    async def keep_contact(self, execution_id: UUID) -> None:
        """Keeps its contact from being erased until the transaction ends."""
        await self._run(_KEEP_CONTACT, id=execution_id)

    async def failure(self, execution_id: UUID) -> Failure | None:
        """What the execution, which `lock` has locked, has failed with; None when no step has.

        Its place in campaign and workflow is kept from others until the transaction ends.
        """
        await self._run(_KEEP_CAMPAIGN, id=execution_id)
        await self._run(_KEEP_ENTRY, id=execution_id)
        row = (await self._run(_FAILURE, id=execution_id)).first()
        if row is None:
            return None
        return Failure(
            step=step_state(row),
            action_id=row.action_id,
            version_id=row.version_id,
            contact_id=row.contact_id,
            workflow_status=WorkflowStatus(row.workflow_status),
            error_classes=tuple(row.error_classes),
            first_attempt_at=row.first_attempt_at,
            has_open_unknown_send=row.has_open_unknown_send,
            may_have_sent=row.may_have_sent,
            is_enrolled_again=row.is_enrolled_again,
            is_campaign_full=row.is_campaign_full,
            has_entered_again=row.has_entered_again,
            now=row.now,
        )

    async def reopen(self, execution_id: UUID, reopening: Reopening, lease: timedelta) -> None:
        """Opens a failed execution again, which `lock` has locked, and its enrolment."""
        await self._run(
            _REOPEN,
            id=execution_id,
            step=reopening.step_id,
            action=reopening.action_id,
            attempt=reopening.attempt_id,
            step_key=reopening.step_key,
            state=reopening.state.value,
            reason=reopening.reason,
            lease=lease,
        )
