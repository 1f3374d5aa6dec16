"""Enrolments in campaigns, as effects find them, end them and write them.

An enrolment may have started a run. Whoever ends the enrolment ends the run, and whoever ends the
run ends the enrolment, so both take the run's row first. They step over a row that somebody else
holds, and come again: nobody waits for a run or an enrolment, so nobody waits in a circle.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.adapters.effects.audit import AuditEntry, write_audit
from action_service.engine.effects import Applied, AppliedEffect

# Ids of a campaign and of a contact.
Place: TypeAlias = tuple[str, str]

_ACTIVE = """
    SELECT n.id::text, n.account_id::text, n.campaign_id::text, n.contact_id::text,
           n.execution_id::text, n.step_id::text, n.action_execution_id::text
    FROM treadle.campaign_enrollments n
    JOIN unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v(account_id, campaign_id, contact_id)
      ON n.account_id = v.account_id AND n.campaign_id = v.campaign_id
     AND n.contact_id = v.contact_id
    WHERE n.status = 'active'
    """
_LOCK_RUNS = """
    SELECT e.id::text, e.state IN ('running', 'waiting', 'paused')
    FROM treadle.workflow_executions e
    WHERE e.id = ANY($1::uuid[]) ORDER BY e.id FOR NO KEY UPDATE SKIP LOCKED
    """
_LOCK = """
    SELECT n.id::text FROM treadle.campaign_enrollments n
    WHERE n.id = ANY($1::uuid[]) AND n.status = 'active'
    ORDER BY n.id FOR NO KEY UPDATE SKIP LOCKED
    """
_END = """
    UPDATE treadle.campaign_enrollments n
    SET status = 'removed', ended_at = now(), end_reason = v.reason
    FROM unnest($1::uuid[], $2::text[]) AS v(id, reason)
    WHERE n.id = v.id
    """
_ADD = """
    INSERT INTO treadle.campaign_enrollments (
        id, account_id, campaign_id, contact_id, execution_id, step_id, action_execution_id, status,
        end_reason, ended_at
    )
    SELECT v.*, CASE WHEN v.status <> 'active' THEN now() END
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
        $8::text[], $9::text[]
    ) AS v(id, account_id, campaign_id, contact_id, execution_id, step_id, action_execution_id,
           status, reason)
    """


@dataclass(slots=True)
class Enrollment:
    """A contact's time in a campaign; `end_reason` is set once it has ended."""

    id: str
    account_id: str
    campaign_id: str
    contact_id: str
    # The run that it has started, and the campaign's step at which; None for none, and for the
    # beginning.
    execution_id: str | None
    step_id: str | None
    # The step of an execution that has made it.
    action_execution_id: str | None
    end_reason: str | None = None

    @property
    def place(self) -> Place:
        """Who is where."""
        return (self.campaign_id, self.contact_id)


class Enrollments:
    """The active enrolments at some places: read once, changed in memory, written once."""

    def __init__(self, found: Iterable[Enrollment], applied: Applied) -> None:
        self._applied = applied
        self._active = {enrollment.place: enrollment for enrollment in found}
        # Runs under way that this transaction may end, and enrolments that others hold.
        self._open_runs = {start.execution_id for start in applied.starts}
        self._busy: set[str] = set()
        self._new: list[Enrollment] = []
        self._ended: list[tuple[AppliedEffect, Enrollment]] = []

    @classmethod
    async def at(
        cls, connection: Driver, places: Collection[tuple[str, str, str]], applied: Applied
    ) -> "Enrollments":
        """The active enrolments by account, campaign and contact."""
        rows = await connection.fetch(_ACTIVE, *zip(*places, strict=True))
        return cls((Enrollment(*row) for row in rows), applied)

    def active(self, place: Place) -> Enrollment | None:
        """The enrolment that the contact has in the campaign."""
        return self._active.get(place)

    def is_busy(self, enrollment: Enrollment) -> bool:
        """Whether somebody else holds or has just ended it or its run: it cannot be ended now."""
        return enrollment.id in self._busy

    async def hold(self, connection: Driver, places: Collection[Place]) -> None:
        """Takes those at the places, which may have to be ended."""
        found = [each for place in places if (each := self._active.get(place)) is not None]
        if not found:
            return
        runs = {each.execution_id for each in found if each.execution_id} - self._open_runs
        open_runs, busy_runs = await _lock_runs(connection, runs)
        self._open_runs |= open_runs
        free = [each.id for each in found if each.execution_id not in busy_runs]
        held = {row[0] for row in await connection.fetch(_LOCK, free)}
        self._busy = {each.id for each in found} - held

    def end(self, effect: AppliedEffect, enrollment: Enrollment, reason: str) -> str | None:
        """Ends one that is held, with its run if that is under way; returns the run's id then."""
        enrollment.end_reason = reason
        del self._active[enrollment.place]
        self._ended.append((effect, enrollment))
        run = enrollment.execution_id
        if run is None or run not in self._open_runs:
            return None
        self._applied.cancel(run, f"the contact has left the campaign: {reason}")
        return run

    def add(self, enrollment: Enrollment) -> None:
        """Adds an active one; its run, if any, begins in this transaction."""
        self._active[enrollment.place] = enrollment
        self._new.append(enrollment)
        if enrollment.execution_id is not None:
            self._open_runs.add(enrollment.execution_id)

    async def write(self, connection: Driver) -> None:
        """Writes what has changed: first the ends, for there is one active one per place."""
        if self._ended:
            rows = [(each.id, each.end_reason) for _, each in self._ended]
            await connection.execute(_END, *zip(*rows, strict=True))
            await write_audit(connection, [_removed(*ended) for ended in self._ended])
        if self._new:
            await connection.execute(_ADD, *zip(*map(_row, self._new), strict=True))


async def _lock_runs(connection: Driver, runs: Collection[str]) -> tuple[set[str], set[str]]:
    """Of the runs, those under way, which are locked now, and those that others hold."""
    rows = await connection.fetch(_LOCK_RUNS, list(runs)) if runs else []
    locked = {run_id for run_id, _ in rows}
    return {run_id for run_id, is_open in rows if is_open}, set(runs) - locked


def _row(enrollment: Enrollment) -> tuple[str | None, ...]:
    return (
        enrollment.id,
        enrollment.account_id,
        enrollment.campaign_id,
        enrollment.contact_id,
        enrollment.execution_id,
        enrollment.step_id,
        enrollment.action_execution_id,
        "active" if enrollment.end_reason is None else "removed",
        enrollment.end_reason,
    )


def _removed(effect: AppliedEffect, enrollment: Enrollment) -> AuditEntry:
    return AuditEntry(
        enrollment.account_id,
        effect.execution_id,
        "campaign_enrollment.removed",
        "campaign_enrollment",
        enrollment.id,
        {"status": "active"},
        {"status": "removed", "end_reason": enrollment.end_reason},
    )
