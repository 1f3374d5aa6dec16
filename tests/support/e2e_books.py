"""What must be true of the action service's rows at any moment, whatever has been killed.

The REST API shows a caller one execution at a time; these rules look at all rows at once, and at
what no caller sees.
"""

from common.catalogue import catalogue
from devstack.postgres import DATABASE
from devstack.stack import Stack
from treadle.options.v1.options_pb2 import IdempotencyClass

_KEYED = ", ".join(
    f"'{spec.type}'"
    for spec in catalogue().types.values()
    if spec.idempotency == IdempotencyClass.IDEMPOTENCY_CLASS_KEYED
)
_OPEN = "('pending', 'scheduled', 'running', 'waiting')"

# What is broken, and the ids of the rows that break it.
_RULES = {
    "an execution has ended exactly when it stands nowhere": """
        SELECT id FROM treadle.workflow_executions
        WHERE (state IN ('completed', 'failed', 'cancelled')) <> (ended_at IS NOT NULL)
           OR (ended_at IS NULL) <> (current_action_id IS NOT NULL)
           OR (ended_at IS NULL) <> (current_action_execution_id IS NOT NULL)
           OR (ended_at IS NULL) <> (current_attempt_id IS NOT NULL)
        """,
    "an open execution stands at its one open step, with that step's attempt": f"""
        SELECT e.id
        FROM treadle.workflow_executions e
        LEFT JOIN treadle.workflow_action_executions x
          ON x.workflow_execution_id = e.id AND x.status IN {_OPEN}
        GROUP BY e.id
        HAVING count(x.id) <> (e.ended_at IS NULL)::int
            OR count(x.id) FILTER (WHERE x.id <> e.current_action_execution_id
                                      OR x.action_id <> e.current_action_id
                                      OR x.attempt_id <> e.current_attempt_id) > 0
        """,
    "an execution comes by each step once": """
        SELECT workflow_execution_id FROM treadle.workflow_action_executions
        GROUP BY workflow_execution_id, action_id HAVING count(*) > 1
        """,
    "a step that has ended has no lease, and says when unless it never ran": f"""
        SELECT id FROM treadle.workflow_action_executions
        WHERE status NOT IN {_OPEN}
          AND (lease_until IS NOT NULL OR (completed_at IS NULL AND status <> 'skipped'))
        """,
    "a step that is open has not ended": f"""
        SELECT id FROM treadle.workflow_action_executions
        WHERE status IN {_OPEN} AND completed_at IS NOT NULL
        """,
    "an unknown outcome is that of a send that was claimed and still counts as running": """
        SELECT x.id FROM treadle.workflow_action_executions x
        WHERE x.outcome = 'unknown'
          AND (x.status <> 'running' OR x.error_class <> 'unknown_outcome' OR NOT EXISTS (
              SELECT FROM treadle.send_claims c WHERE c.attempt_id = x.attempt_id))
        """,
    "attempts are numbered from 1 without a gap": """
        SELECT action_execution_id FROM treadle.workflow_action_attempts
        GROUP BY 1 HAVING min(number) <> 1 OR max(number) <> count(*)
                       OR count(DISTINCT number) <> count(*)
        """,
    "all attempts but the last one failed, and the last one ended as its step did": """
        SELECT t.id
        FROM treadle.workflow_action_attempts t
        JOIN treadle.workflow_action_executions x ON x.id = t.action_execution_id
        WHERE CASE WHEN t.number < x.attempt_number THEN t.error_class IS NULL
                   ELSE x.status NOT IN ('completed', 'failed') OR t.id <> x.attempt_id
                     OR (t.error_class IS NOT NULL) <> (x.status = 'failed')
              END
        """,
    "a step that ran to an end has logged each of its attempts": """
        SELECT x.id
        FROM treadle.workflow_action_executions x
        LEFT JOIN treadle.workflow_action_attempts t ON t.action_execution_id = x.id
        WHERE x.status IN ('completed', 'failed')
        GROUP BY x.id
        HAVING count(t.id) <> x.attempt_number OR x.retry_count <> x.attempt_number - 1
        """,
    "nothing was accepted without a claim before by a provider that takes no keys": f"""
        SELECT t.id FROM treadle.workflow_action_attempts t
        JOIN treadle.workflow_action_executions x ON x.id = t.action_execution_id
        LEFT JOIN treadle.send_claims c ON c.attempt_id = t.id
        WHERE t.provider_reference IS NOT NULL AND c.attempt_id IS NULL
          AND x.action_type NOT IN ({_KEYED})
        """,
}


def broken_rules(stack: Stack) -> dict[str, list[str]]:
    """The rules that do not hold, and the ids of the rows that break them."""
    return {rule: found for rule, sql in _RULES.items() if (found := _query(stack, sql))}


def check_books(stack: Stack) -> None:
    """Hold all rows of a stack against the rules."""
    broken = broken_rules(stack)
    assert not broken


def no_timers(stack: Stack) -> bool:
    """Tell whether the scheduler has nothing left to fire."""
    return _query(stack, "SELECT attempt_id FROM scheduler.timers") == []


def _query(stack: Stack, sql: str) -> list[str]:
    return stack.postgres.query(sql, DATABASE).splitlines()
