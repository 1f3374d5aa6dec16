"""`treadle executions list` and `show`: which runs there are, and the log of one."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import islice
from typing import Annotated, cast
from uuid import UUID

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from devstack.client import JsonObject
from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    JsonOption,
    connected,
    console,
    failing_politely,
    print_all,
    print_json,
)


class State(StrEnum):
    """How an execution stands."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


def list_executions(
    workflow: Annotated[UUID | None, typer.Option(help="This workflow's.")] = None,
    contact: Annotated[UUID | None, typer.Option(help="This contact's.")] = None,
    state: Annotated[State | None, typer.Option(help="In this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of them.")] = 50,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List executions of a workflow, a contact, or both, newest first."""
    if workflow is None and contact is None:
        raise typer.BadParameter("give --workflow, --contact or both")
    given = {"workflow_id": workflow, "contact_id": contact, "state": state}
    query = {name: str(value) for name, value in given.items() if value is not None}
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        found = islice(client.records("executions", **query), limit)
        if as_json:
            print_all("executions", found)
        else:
            _show_all(found, console())


def show_execution(
    execution_id: Annotated[UUID, typer.Argument(help="The execution's id.")],
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show an execution and the log of its steps, in the order in which they came to be."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        execution = client.read(f"executions/{execution_id}")
        steps = list(client.action_executions(str(execution_id)))
    if as_json:
        print_json({"execution": execution, "action_executions": cast("list[JsonValue]", steps)})
        return
    typer.echo(f"execution {execution['id']} is {execution['state']}")
    for name in ("workflow_id", "contact_id", "started_at", "ended_at", "reason"):
        if execution[name] is not None:
            typer.echo(f"{name:12} {execution[name]}")
    console().print(_log(steps))


def _show_all(found: Iterable[JsonObject], console: Console) -> None:
    # Ids are to be copied.
    table = Table(Column("id", min_width=36, no_wrap=True), "state", "started", "ended", "contact")
    for each in found:
        table.add_row(
            str(each["id"]),
            str(each["state"]),
            _instant(each["started_at"]),
            _instant(each["ended_at"]),
            str(each["contact_id"] or "erased"),
        )
    if table.row_count:
        console.print(table)
    else:
        console.print("there is no such execution")


def _log(steps: Iterable[Mapping[str, JsonValue]]) -> Table:
    table = Table("step", "status", "attempts", "began", "seconds", "why")
    for each in steps:
        error = cast("Mapping[str, str] | None", each["error"])
        why = error["message"] if error is not None else each["explanation"] or each["reason"]
        table.add_row(
            escape(f"{each['position']}. {each['action_name'] or each['action_type']}"),
            str(each["outcome"] or each["status"]),
            str(len(cast("list[object]", each["attempts"]))),
            _instant(each["started_at"]),
            "" if each["duration_seconds"] is None else f"{each['duration_seconds']:.3f}",
            escape(str(why or "")),
        )
    return table


def _instant(value: JsonValue) -> str:
    """To the second."""
    return "" if value is None else str(value)[:19]
