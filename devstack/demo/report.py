"""What the demo shows: progress while it runs, and at the end what happened."""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from devstack.answers import Contact, StepLog, StepSummary, Summary
from devstack.demo.inbox import Received
from devstack.demo.records import Records

_LINE_EVERY = 1.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class LiveProgress:
    """A bar for each step on a terminal; elsewhere a line now and then."""

    def __init__(self, console: Console, contacts: int, began: float) -> None:
        """Show it on `console`, with times since `began` (on the monotonic clock)."""
        self._console = console
        self._contacts = contacts
        self._began = began
        self._last_line = 0.0
        self._tasks: dict[int, TaskID] = {}
        self._bars: Progress | None = None
        if console.is_terminal:
            columns = (
                TextColumn("{task.description:<16}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[now]}", style="dim"),
            )
            self._bars = Progress(*columns, console=console)

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the last picture."""
        if self._bars is not None:
            self._bars.stop()

    def show(self, summary: Summary) -> None:
        """Show how things stand."""
        if self._bars is None:
            self._show_line(summary)
            return
        for step in summary.steps:
            if step.position not in self._tasks:
                self._tasks[step.position] = self._bars.add_task(
                    step_name(step), total=self._contacts, now=""
                )
            task = self._tasks[step.position]
            self._bars.update(task, completed=step.completed, now=_under_way(step))

    def _show_line(self, summary: Summary) -> None:
        now = time.monotonic()
        if now - self._last_line < _LINE_EVERY and summary.executions.open:
            return
        self._last_line = now
        steps = ", ".join(f"{step_name(s)} {s.completed}/{self._contacts}" for s in summary.steps)
        # Not wrapped: a line is one record for whoever reads a log.
        self._console.out(f"{now - self._began:5.1f} s  {steps}", highlight=False)


def step_name(step: StepSummary | StepLog) -> str:
    """The step's own name, else its type."""
    return step.action_name or step.action_type


def show_steps(console: Console, steps: Sequence[StepSummary]) -> None:
    """A row for each step."""
    table = Table(title="Steps", title_justify="left", title_style="bold")
    table.add_column("#", justify="right")
    table.add_column("step")
    table.add_column("type")
    for name in ("done", "failed", "skipped", "retries", "p50", "p99"):
        table.add_column(name, justify="right", no_wrap=True)
    for step in steps:
        counts = (step.completed, step.failed, step.skipped, step.retries)
        times = (_seconds(step.p50_duration_seconds), _seconds(step.p99_duration_seconds))
        name = escape(step_name(step))
        table.add_row(str(step.position), name, step.action_type, *map(str, counts), *times)
    console.print(table)


def show_deliveries(console: Console, steps: Sequence[StepSummary]) -> None:
    """How far each step's messages have come."""
    table = Table(title="Messages", title_justify="left", title_style="bold")
    table.add_column("step")
    table.add_column("how far they have come")
    for step in steps:
        if step.messages:
            table.add_row(escape(step_name(step)), escape(_spread(step.messages)))
    console.print(table)


def show_records(console: Console, records: Records) -> None:
    """How many records there are, and how they are spread."""
    table = Table(title="Records", title_justify="left", title_style="bold")
    table.add_column("kind")
    table.add_column("made", justify="right")
    table.add_column("of note")
    remarks = {
        "opportunities": f"worth {records.worth:,.2f} EUR",
        "tasks": _spread(records.tasks),
    }
    table.add_row("owners", str(records.owned.total()), escape(_spread(records.owned)))
    for path, made in records.made.items():
        table.add_row(path.replace("-", " "), str(len(made)), escape(remarks.get(path, "")))
    console.print(table)


def show_message(console: Console, message: Received) -> None:
    """One message as its recipient got it."""
    kinds = {"sendgrid": "Email", "twilio": "SMS"}
    if message.provider in kinds:
        title = f"{kinds[message.provider]} to {message.to}"
        text = f"{message.subject}\n\n{message.text}" if message.subject else message.text
    else:
        title = f"Webhook {message.subject}"
        text = "\n".join(f"{key}: {value}" for key, value in message.body.items())
    panel = Panel(escape(text.strip()), title=escape(title), title_align="left", expand=False)
    console.print(panel)


def show_timeline(console: Console, contact: Contact, logs: Sequence[StepLog]) -> None:
    """What happened to one contact, step by step."""
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    title = f"Timeline of {name or contact.email}"
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("after", justify="right")
    table.add_column("step")
    table.add_column("status")
    table.add_column("took", justify="right")
    table.add_column("what came of it")
    began = next((log.started_at for log in logs if log.started_at), None)
    for log in logs:
        table.add_row(
            _after(began, log.started_at),
            escape(step_name(log)),
            log.status,
            _seconds(log.duration_seconds),
            escape(_outcome(log)),
        )
    console.print(table)


def print_last_line(*, contacts: int, done: int, total: int, failed: int, seconds: float) -> None:
    """The line that scripts read: plain, and always the last."""
    sys.stdout.write(
        f"demo: {contacts} contacts, {done}/{total} actions completed, {failed} failed,"
        f" {seconds:.1f} s\n"
    )
    sys.stdout.flush()


def _under_way(step: StepSummary) -> str:
    counts = {
        "pending": step.pending,
        "running": step.running,
        "waiting": step.waiting,
        "scheduled": step.scheduled,
        "failed": step.failed,
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _outcome(log: StepLog) -> str:
    if log.error is not None:
        return f"{log.error.error_class}: {log.error.message}"
    told = [
        f"{key}={value}" for key, value in sorted(log.result.items()) if not _is_record_id(value)
    ]
    return ", ".join(told) or log.reason or ""


def _is_record_id(value: object) -> bool:
    """Whether it says nothing to a reader: an id of a record, or of none."""
    return isinstance(value, str) and (not value or _UUID.fullmatch(value) is not None)


def _spread(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def _after(began: str | None, started: str | None) -> str:
    if began is None or started is None:
        return ""
    passed = datetime.fromisoformat(started) - datetime.fromisoformat(began)
    return f"{passed.total_seconds():.2f} s"
