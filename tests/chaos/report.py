"""Puts what came of a run into words: the story of a violation, figures, recovery times."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Final

from tests.chaos.books import Books
from tests.chaos.model import History
from tests.chaos.run import Outcome, Suffered

_STORIES: Final = 3
_LOG_LINES: Final = 60


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long after the end of a fault a new run went through from start to end."""

    fault: Suffered
    seconds: float | None
    """None when there was none any more."""
    alone: bool
    """Whether until then no other fault was under way, or had yet to be recovered from."""


def recoveries(outcome: Outcome) -> list[Recovery]:
    """Of each fault, by the first probe that began after it and came to its end."""
    through = [_through_after(one, outcome.probes) for one in outcome.suffered]
    found: list[Recovery] = []
    for one, until in zip(outcome.suffered, through, strict=True):
        others = (
            each.began < until and ended > one.ended
            for each, ended in zip(outcome.suffered, through, strict=True)
            if each is not one
        )
        seconds = until - one.ended if until < inf else None
        found.append(Recovery(one, seconds, alone=not any(others)))
    return found


def _through_after(fault: Suffered, probes: Sequence[tuple[float, float]]) -> float:
    """When the first new run had gone through; never is infinity."""
    return min((ended for began, ended in probes if began >= fault.ended), default=inf)


def figures(history: History) -> dict[str, int]:
    """How much has been put to the test."""
    states = Counter(run.state for run in history.runs)
    unknown = Counter(each.state for each in history.unknown)
    repeats = Counter(call.key for call in history.calls if call.provider == "sink")
    return {
        "requests": len(history.requests),
        "unanswered": sum(request.fate == "unanswered" for request in history.requests),
        "executions": len(history.runs),
        **{state: states[state] for state in ("completed", "failed", "cancelled")},
        "steps": len(history.steps),
        "attempts": len(history.attempts),
        "provider calls": len(history.calls),
        "calls repeated under their key": sum(count - 1 for count in repeats.values()),
        "sends once unknown": unknown.total(),
        "sends still unknown": unknown["open"],
    }


def summary(outcome: Outcome) -> str:
    """A run that is over, in a few lines."""
    parts = [f"{count} {name}" for name, count in figures(outcome.history).items()]
    lines = [", ".join(parts), f"at rest {outcome.rest:.1f} s after the load"]
    lines += [f"note: {note}" for note in outcome.notes]
    lines += recovery_table({outcome.schedule.seed: outcome})
    return "\n".join(lines)


def recovery_table(outcomes: Mapping[int, Outcome]) -> list[str]:
    """Recovery times by kind of fault, of those that no other fault had a part in."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes.values():
        for each in recoveries(outcome):
            if each.alone and each.seconds is not None:
                by_kind[each.fault.fault.kind].append(each.seconds)
    lines = ["recovery after a fault     times   median      worst"]
    for kind, seconds in sorted(by_kind.items()):
        typical, worst = median(seconds), max(seconds)
        lines.append(f"  {kind:<24} {len(seconds):>5}  {typical:6.2f} s  {worst:7.2f} s")
    return lines


def indictment(outcome: Outcome, folder: Path) -> str:
    """All violations, the schedule, and the stories of the runs that show them."""
    lines = [f"{len(outcome.violations)} violations; logs are in {folder / 'logs'}", ""]
    lines += [f"- {violation}" for violation in outcome.violations[:40]]
    lines += ["", str(outcome.schedule), ""]
    runs = dict.fromkeys(violation.run for violation in outcome.violations if violation.run)
    for run in [*runs][:_STORIES]:
        lines += [*story(outcome, run, folder / "logs"), ""]
    return "\n".join(lines)


def story(outcome: Outcome, run_id: str, logs: Path) -> Iterator[str]:
    """All that is known of one run, in the order of time, and what services logged of it."""
    books = Books(outcome.history)
    run = books.runs.get(run_id)
    yield f"execution {run_id}: {run}"
    told: list[tuple[float, str]] = []
    ids = {run_id}
    for request in outcome.history.requests:
        if run_id in request.runs:
            yield f"  {request}"
    for step in books.log.get(run_id, ()):
        keys = [step.id, *(each.id for each in outcome.history.deliveries if each.step == step.id)]
        ids.update(keys)
        told.append((step.created, str(step)))
        told += [
            (step.ended or step.created, str(each)) for each in books.attempts.get(step.id, ())
        ]
        told += [(claim.at, str(claim)) for claim in books.claims.get(step.id, ())]
        told += [(call.at, str(call)) for key in keys for call in books.calls.get(key, ())]
        for key in keys:
            yield from (f"  {each}" for each in books.unknown.get(key, ()))
    for one in outcome.suffered:
        told += [(one.began, f"begins: {one.fault}"), (one.ended, f"over: {one.fault}")]
    for at, text in sorted(told):
        yield f"  {at:.3f}  {text}"
    yield from _logged(logs, ids)


def _logged(logs: Path, ids: Sequence[str] | set[str]) -> Iterator[str]:
    found = 0
    for log in sorted(logs.glob("*.log")):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if any(each in line for each in ids) and found < _LOG_LINES:
                found += 1
                yield f"  {log.stem}: {line}"
