"""What must be true of a history, whatever has befallen the stack. Pure functions, one for a rule.

The rules say what was promised, and no more: docs/architecture.md has the table. An outcome that
is listed as unknown is no violation; one that is not listed, and cannot be told, is.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tests.chaos.books import Books, Violation, grouped
from tests.chaos.model import Fate, History, Plan, PlanStep, Request, Run, Step
from tests.chaos.outside import (
    SENDS,
    calls_belong_to_steps,
    calls_end_as_they_did,
    charges_are_made_once,
    deliveries_have_ended,
    events_start_runs_once,
    sends_go_out_once,
)

TERMINAL: Final = frozenset({"completed", "failed", "cancelled"})
_OPEN_STEPS: Final = frozenset({"pending", "scheduled", "running", "waiting"})
# What a step may fail of for good: others were not there, or said no.
_OTHERS_FAULT: Final = frozenset(
    {"network_timeout", "rate_limit", "service_unavailable", "rejected", "unknown_outcome"}
)

Rule = Callable[[Books], Iterator[Violation]]


def check(history: History) -> list[Violation]:
    """All violations, rule by rule."""
    books = Books(history)
    return [violation for rule in RULES for violation in rule(books)]


def accepted_runs_exist_once(books: Books) -> Iterator[Violation]:
    """What was accepted is there; what was refused is not; what got no answer is whole or not."""
    found = grouped(books.history.runs, lambda run: run.request)
    asked = {request.id for request in books.history.requests}
    for request in books.history.requests:
        yield from _of_request(request, found.get(request.id, ()))
    for request_id, runs in found.items():
        if request_id is not None and request_id not in asked:
            for run in runs:
                yield Violation("invented", "nobody asked for this run", run.id)


def _of_request(request: Request, runs: Sequence[Run]) -> Iterator[Violation]:
    there = {run.id for run in runs}
    if request.fate is Fate.REFUSED:
        for run in runs:
            yield Violation("invented", f"request {request.id} was refused", run.id)
        return
    if request.fate is Fate.ACCEPTED:
        for run_id in sorted(set(request.runs) - there):
            yield Violation("lost", f"request {request.id} was accepted", run_id)
    elif not runs:
        return
    contacts = Counter(run.contact for run in runs)
    for contact in request.contacts:
        if contacts[contact] > 1:
            found = [run.id for run in runs if run.contact == contact]
            text = f"request {request.id} has started {len(found)} runs of contact {contact}"
            yield Violation("doubled start", text, found[-1])
        elif not contacts[contact] and request.fate is Fate.UNANSWERED:
            text = f"request {request.id} started some of its runs, and none of contact {contact}"
            yield Violation("half a start", text, runs[0].id)


def every_run_has_ended(books: Books) -> Iterator[Violation]:
    """Every run is in a terminal state, or stands at a send that is listed as unknown."""
    for run in books.history.runs:
        log = books.log.get(run.id, ())
        if run.state in TERMINAL:
            if run.ended is None:
                yield Violation("leftover", f"{run.state} without an end", run.id)
            if run.state == "cancelled" and run.id not in books.history.cancelled:
                yield Violation("invented", "nobody has cancelled it", run.id)
        elif not (log and log[-1].outcome == "unknown" and books.listed_open(log[-1].id)):
            at = f"{log[-1].name}, {log[-1].status}" if log else "no step at all"
            yield Violation("leftover", f"still {run.state}, at {at}", run.id)


def every_log_is_a_walk(books: Books) -> Iterator[Violation]:
    """A run's log is its workflow's steps from the first one on, in order, none twice, no holes."""
    for run in books.history.runs:
        plan = books.plans.get(run.plan)
        if plan is None:
            yield Violation("invented", f"there is no workflow {run.plan}", run.id)
            continue
        log = books.log.get(run.id, ())
        for name, times in Counter(step.name for step in log).items():
            if times > 1:
                yield Violation("step twice", f"{name} has been run {times} times", run.id)
        yield from _walk(plan, run, log)


def _walk(plan: Plan, run: Run, log: Sequence[Step]) -> Iterator[Violation]:
    path: tuple[PlanStep, ...] = plan.steps
    stopped = False
    for step in log:
        if not path or path[0].name != step.name:
            wanted = path[0].name if path else "the end"
            text = f"{wanted} should have come next, and {step.name} did"
            yield Violation("hole in the log", text, run.id)
            return
        if step.status in _OPEN_STEPS or step.status == "cancelled":
            return
        stopped = step.status == "failed" and path[0].on_error == "stop"
        path = _next(plan, path, step)
    if run.state == "completed" and (path or stopped):
        text = f"completed before {path[0].name}" if path else "completed although a step failed"
        yield Violation("hole in the log", text, run.id)
    if run.state == "failed" and not stopped:
        yield Violation("hole in the log", "failed, and no step of its did", run.id)


def _next(plan: Plan, path: tuple[PlanStep, ...], step: Step) -> tuple[PlanStep, ...]:
    here = path[0]
    if step.status == "failed" and here.on_error == "stop":
        return ()
    if step.status == "failed" and here.on_error == "fallback":
        names = [each.name for each in plan.steps]
        return plan.steps[names.index(here.fallback) :]
    if step.ended_by == "timeout" and here.branch:
        return here.branch
    return path[1:]


def every_attempt_is_logged(books: Books) -> Iterator[Violation]:
    """A step that ran to an end has its attempts from 1 on; the last one ended as it did."""
    for step in books.history.steps:
        if step.status not in {"completed", "failed"}:
            continue
        attempts = books.attempts.get(step.id, ())
        numbers = [attempt.number for attempt in attempts]
        if numbers != list(range(1, step.attempt_number + 1)):
            text = f"{step.name} is at attempt {step.attempt_number} and has logged {numbers}"
            yield Violation("hole in the log", text, step.run)
        elif (attempts[-1].error_class is None) != (step.status == "completed"):
            text = f"{step.name} is {step.status}, and its last attempt says otherwise"
            yield Violation("hole in the log", text, step.run)


def effects_count_once(books: Books) -> Iterator[Violation]:
    """A contact's counters are the sum of what its completed steps say, to the last digit."""
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for step in books.history.steps:
        plan_step = books.plan_step(step)
        if plan_step is not None and step.status == "completed":
            wanted[books.runs[step.run].contact].update(plan_step.effects)
    for contact in sorted(wanted.keys() | books.history.counters.keys()):
        found = Counter(books.history.counters.get(contact, {}))
        for name in sorted(wanted[contact].keys() | found.keys()):
            if found[name] != wanted[contact][name]:
                rule = "effect lost" if found[name] < wanted[contact][name] else "effect doubled"
                text = (
                    f"{name} of contact {contact} is {found[name]},"
                    f" and completed steps make it {wanted[contact][name]}"
                )
                yield Violation(rule, text)


def nothing_happens_after_the_end(books: Books) -> Iterator[Violation]:
    """Once a run has ended no step begins, nothing is claimed, nobody is called for the first time.

    A call under a key that its receiver knows may come again late, and changes nothing. Deliveries
    go their own way: their step is done when they are stored.
    """
    for run in books.history.runs:
        if run.ended is None:
            continue
        for step in books.log.get(run.id, ()):
            if step.created > run.ended:
                yield Violation("after the end", f"{step.name} was begun", run.id)
            calls = books.calls.get(step.id, ())
            if calls and calls[0].at > run.ended and not _under_way(books, step, run):
                yield Violation("after the end", f"{step.name} called its provider", run.id)
            for claim in books.claims.get(step.id, ()):
                if claim.at > run.ended:
                    yield Violation("after the end", f"{step.name} was claimed", run.id)


def _under_way(books: Books, step: Step, run: Run) -> bool:
    """Whether a call was on its way when its run was cancelled: claimed, or with an executor."""
    plan_step = books.plan_step(step)
    if run.state != "cancelled" or plan_step is None or run.ended is None:
        return False
    if plan_step.action_type in SENDS:
        return any(claim.at <= run.ended for claim in books.claims.get(step.id, ()))
    return True


def failures_are_others(books: Books) -> Iterator[Violation]:
    """Steps fail of what others do, never of anything of ours; who calls nobody never fails."""
    for step in books.history.steps:
        if step.status != "failed":
            continue
        plan_step = books.plan_step(step)
        theirs = plan_step is not None and plan_step.provider != ""
        if not theirs or step.error_class not in _OTHERS_FAULT:
            yield Violation("failed of us", f"{step.name}: {step.error_class}", step.run)


def rows_agree(books: Books) -> Iterator[Violation]:
    """The rules about rows hold, nothing is left to do, and no service misbehaved."""
    for rule, rows in books.history.broken.items():
        yield Violation("rows", f"not so: {rule}: {', '.join(rows[:5])}")
    for what, count in books.history.left.items():
        if count:
            yield Violation("leftover", f"{count} {what}")
    for text in books.history.misbehaved:
        yield Violation("service", text)


RULES: Final[Sequence[Rule]] = (
    accepted_runs_exist_once,
    every_run_has_ended,
    every_log_is_a_walk,
    every_attempt_is_logged,
    effects_count_once,
    sends_go_out_once,
    charges_are_made_once,
    calls_end_as_they_did,
    calls_belong_to_steps,
    nothing_happens_after_the_end,
    failures_are_others,
    events_start_runs_once,
    deliveries_have_ended,
    rows_agree,
)
