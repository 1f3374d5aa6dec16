"""Follows operations on many executions and shows what became of them."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from devstack.answers import Answer
from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.terminal import print_json

_POLL_S = 0.2
_PATIENCE = timedelta(minutes=2)
_DONE = {"cancel": "cancelled", "pause": "paused", "resume": "resumed"}
_SKIPPED = {
    "ended": "had ended",
    "unchanged": "were so already",
    "moved_on": "had moved on",
}


class Skipped(Answer):
    """Executions that were left alone for a reason."""

    reason: str
    count: int


class Failure(Answer):
    """An execution that could not be dealt with."""

    execution_id: str
    reason: str


class Operation(Answer):
    """An operation on many executions. Times are RFC 3339."""

    id: str
    kind: str
    status: str
    matched: int
    done: int
    skipped: int
    failed: int
    skipped_by_reason: tuple[Skipped, ...]
    failures: tuple[Failure, ...]
    started_by: str
    created_at: str

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.status in {"pending", "running"}

    @property
    def processed(self) -> int:
        """The executions that it has dealt with."""
        return self.done + self.skipped + self.failed

    @property
    def outcome(self) -> str:
        """What has become of the executions, in words."""
        parts = [f"{self.done:,} of {self.matched:,} {_DONE.get(self.kind, 'done')}"]
        parts += [
            f"{each.count:,} {_SKIPPED.get(each.reason, each.reason)}"
            for each in self.skipped_by_reason
        ]
        return ", ".join([*parts, f"{self.failed:,} failed"] if self.failed else parts)


def matching(client: GatewayClient, kind: str, which: Mapping[str, JsonValue]) -> int:
    """How many executions it would be about."""
    answer = client.create("operations/preview", {"kind": kind, "filter": dict(which)})
    return int(str(answer["matched"]))


def operate(
    client: GatewayClient,
    kind: str,
    which: Mapping[str, JsonValue],
    reason: str | None,
    console: Console,
    *,
    as_json: bool = False,
) -> bool:
    """Does it to all that match, with a progress bar; tells whether none of them failed."""
    body: JsonObject = {"kind": kind, "filter": dict(which), "reason": reason}
    started = Operation.model_validate(client.create("operations", body))
    bars = Progress(
        TextColumn(escape(f"{kind} {started.id}")),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=as_json or not console.is_terminal,
    )
    with bars:
        task = bars.add_task("", total=started.matched)
        done = finished(client, started, lambda now: bars.update(task, completed=now.processed))
    if as_json:
        print_json(client.read(f"operations/{done.id}"))
    else:
        say_outcome(done, console)
    return done.status == "completed" and not done.failed


def finished(
    client: GatewayClient, started: Operation, show: Callable[[Operation], None]
) -> Operation:
    """The operation once it has ended; `show` is told how it stands.

    A service that is away for a moment is waited for. Raises GatewayError when nothing has happened
    for long.
    """
    latest, changed_at, trouble = started, time.monotonic(), "does the engine run?"
    while latest.is_open:
        time.sleep(_POLL_S)
        before = latest
        try:
            latest = Operation.model_validate(client.read(f"operations/{started.id}"))
        except GatewayError as error:
            trouble = str(error)
        show(latest)
        if latest.processed != before.processed:
            changed_at = time.monotonic()
        if time.monotonic() - changed_at > _PATIENCE.total_seconds():
            raise GatewayError(
                f"operation {started.id} stands still at {latest.processed:,} of"
                f" {latest.matched:,}: {trouble}"
            )
    return latest


def say_outcome(operation: Operation, console: Console) -> None:
    """Prints what has become of one, and each failure."""
    console.out(f"{operation.id}  {operation.status}: {operation.outcome}", highlight=False)
    for failure in operation.failures:
        console.out(f"  {failure.execution_id}  {failure.reason}", highlight=False)


def show_operations(client: GatewayClient, console: Console) -> None:
    """Prints a table of all operations, newest first."""
    table = Table("id", "what", "status", "outcome", "started", "by")
    for record in client.records("operations"):
        each = Operation.model_validate(record)
        table.add_row(
            each.id, each.kind, each.status, each.outcome, each.created_at[:19], each.started_by
        )
    if table.row_count:
        console.print(table)
    else:
        console.print("there is no operation")
