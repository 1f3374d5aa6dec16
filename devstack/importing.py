"""Waits for imports of contacts and shows what became of them."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from devstack.answers import ContactImport
from devstack.client import GatewayClient, GatewayError

_POLL_S = 0.2
_PATIENCE = timedelta(minutes=2)
_SHOWN_REFUSALS = 20


def finished(
    client: GatewayClient, started: ContactImport, show: Callable[[ContactImport], None]
) -> ContactImport:
    """The import once it has ended; `show` is told how it stands.

    A service that is away for a moment is waited for. Raises GatewayError when nothing has happened
    for long.
    """
    latest, changed_at, trouble = started, time.monotonic(), "does the engine run?"
    while latest.open:
        time.sleep(_POLL_S)
        before = latest
        try:
            latest = client.contact_import(started.id)
        except GatewayError as error:
            trouble = str(error)
        show(latest)
        if latest.processed_rows != before.processed_rows:
            changed_at = time.monotonic()
        if time.monotonic() - changed_at > _PATIENCE.total_seconds():
            raise GatewayError(
                f"import {started.id} stands still at row {latest.processed_rows:,} of"
                f" {latest.total_rows:,}: {trouble}"
            )
    return latest


def import_file(
    client: GatewayClient,
    path: Path,
    console: Console,
    *,
    duplicates: str,
    columns: list[str],
) -> bool:
    """Import a CSV file with a progress bar; tell whether every row was taken."""
    with path.open("rb") as file:
        started = client.start_import(
            file, file_name=path.name, duplicates=duplicates, columns=columns
        )
    bars = Progress(
        TextColumn(escape(path.name)),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bars:
        task = bars.add_task("", total=started.total_rows)
        done = finished(
            client, started, lambda now: bars.update(task, completed=now.processed_rows)
        )
    console.out(
        f"{path.name}: {done.created_rows:,} created, {done.updated_rows:,} updated,"
        f" {done.skipped_rows:,} skipped, {done.refused_rows:,} refused",
        highlight=False,
    )
    if done.failure:
        raise GatewayError(f"import {done.id} could not go on: {done.failure}")
    if done.refused_rows:
        _show_refusals(client, done, console)
    return not done.refused_rows


def _show_refusals(client: GatewayClient, done: ContactImport, console: Console) -> None:
    table = Table(title="Refused rows", title_justify="left", title_style="bold")
    table.add_column("row", justify="right")
    table.add_column("column")
    table.add_column("value", overflow="ellipsis", max_width=40)
    table.add_column("problem")
    for _, row in zip(range(_SHOWN_REFUSALS), client.refused_rows(done.id), strict=False):
        for index, problem in enumerate(row.problems):
            column = problem.column or ""
            number = "" if index else str(row.row_number)
            value = row.values.get(column, "")
            table.add_row(number, escape(column), escape(value), escape(problem.description))
    console.print(table)
    if done.refused_rows > _SHOWN_REFUSALS:
        console.out(
            f"and {done.refused_rows - _SHOWN_REFUSALS:,} more:"
            f" GET /api/v1/contact-imports/{done.id}/refused-rows with Accept: text/csv",
            highlight=False,
        )
