"""An explanation as REST shows it: every part of the contract, and null for what is not said."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.support.gateway import Script
from treadle.execution.v1 import execution_pb2, execution_service_pb2, explanation_pb2

ID = "880e8400-e29b-41d4-a716-446655440000"
OTHER = "770e8400-e29b-41d4-a716-446655440000"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)


async def test_an_explanation(admin: httpx.AsyncClient, script: Script) -> None:
    explanation = explanation_pb2.Explanation(
        execution_id=ID,
        state=execution_pb2.EXECUTION_STATE_WAITING,
        reason=explanation_pb2.EXPLANATION_REASON_WAITING_FOR_EVENT,
        sentences=["It waits.", "It goes on."],
        explained_at=NOON,
        step=explanation_pb2.ExplainedStep(
            action_id=OTHER,
            action_execution_id=ID,
            action_type="wait_for_event",
            position=2,
            status=execution_pb2.ACTION_EXECUTION_STATUS_WAITING,
            attempt_id=OTHER,
            attempt_number=1,
            reached_at=NOON,
        ),
        event=explanation_pb2.AwaitedEvent(
            event_type="email_opened",
            ignores_automatic=True,
            ignored=3,
            last_ignored_at=NOON,
            timeout_at=NOON,
            timeout_outcome=explanation_pb2.TIMEOUT_OUTCOME_BRANCH,
            timeout_branch_name="Silent",
        ),
        retries=explanation_pb2.Retries(
            made=1, allowed=3, left=2, next_backoff_at_most=timedelta(seconds=4)
        ),
        last_error=execution_pb2.ActionError(
            error_class=execution_pb2.ERROR_CLASS_RATE_LIMIT, message="Twilio answered 429"
        ),
        unknown_outcome=explanation_pb2.UnknownOutcome(unknown_send_id=OTHER, times_asked=2),
        is_workflow_paused=True,
    )
    script.on(
        "ExplainExecution", execution_service_pb2.ExplainExecutionResponse(explanation=explanation)
    )

    body = (await admin.get(f"/api/v1/executions/{ID}/explanation")).json()

    assert script.last.execution_id == ID
    assert (body["state"], body["reason"]) == ("waiting", "waiting_for_event")
    assert body["sentences"] == ["It waits.", "It goes on."]
    assert body["step"]["reached_at"] == body["explained_at"] == "2026-01-26T12:00:00Z"
    assert (body["step"]["status"], body["step"]["branch_id"]) == ("waiting", None)
    assert body["event"]["timeout_outcome"] == "branch"
    assert (body["event"]["ignored"], body["event"]["timeout_branch_name"]) == (3, "Silent")
    assert body["retries"] == {
        "made": 1,
        "allowed": 3,
        "left": 2,
        "next_backoff_at_most_seconds": 4,
    }
    assert body["last_error"] == {"error_class": "rate_limit", "message": "Twilio answered 429"}
    assert body["unknown_outcome"]["unknown_send_id"] == OTHER
    assert body["is_workflow_paused"]
    assert (body["goes_on_at"], body["rule"], body["hold"]) == (None, None, None)
