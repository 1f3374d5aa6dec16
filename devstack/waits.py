"""`treadle waits`: steps that wait for an instant, and what operators do to them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from devstack.client import JsonObject
from devstack.terminal import (
    INSTANTS,
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

waits = typer.Typer(
    help="Steps that wait: for an instant, an event, another attempt.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WaitArgument = Annotated[UUID, typer.Argument(help="As `treadle waits list` shows it.")]
ReasonOption = Annotated[str | None, typer.Option(help="Why, for the log.")]


@waits.command("list")
def list_waits(
    workflow: Annotated[UUID | None, typer.Option(help="This workflow's.")] = None,
    action: Annotated[UUID | None, typer.Option(help="This action's.")] = None,
    contact: Annotated[UUID | None, typer.Option(help="This contact's.")] = None,
    kind: Annotated[
        Literal["time", "date", "event", "call", "retry", "deferral"] | None,
        typer.Option(help="What is waited for."),
    ] = None,
    due_from: Annotated[
        datetime | None, typer.Option(formats=INSTANTS, help="Due then or later.")
    ] = None,
    due_before: Annotated[datetime | None, typer.Option(formats=INSTANTS, help="Due before.")] = (
        None
    ),
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List steps that wait, next due first."""
    query = {
        "workflow_id": workflow,
        "action_id": action,
        "contact_id": contact,
        "kind": kind,
        "due_from": due_from and due_from.isoformat(),
        "due_before": due_before and due_before.isoformat(),
    }
    given = {name: str(value) for name, value in query.items() if value is not None}
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        found = client.records("waits", **given)
        if as_json:
            print_all("waits", found)
        else:
            _show(found, console())


@waits.command()
def show(
    wait_id: WaitArgument,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show everything about one."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        wait = client.read(f"waits/{wait_id}")
    if as_json:
        print_json(wait)
        return
    for name, value in wait.items():
        if value not in (None, ""):
            typer.echo(f"{name:20} {_text(value)}")


@waits.command()
def rearm(
    wait_id: WaitArgument,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=INSTANTS,
            help="When it is to end, such as 2027-03-01T09:00+01:00. Without it the instant is"
            " worked out anew, from what is known of the contact now.",
        ),
    ] = None,
    reason: ReasonOption = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Set another instant, or have it worked out anew."""
    body = _given(due_at=at and at.isoformat(), reason=reason)
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        wait = client.create(f"waits/{wait_id}/rearm", body)
    if as_json:
        print_json(wait)
    else:
        typer.echo(f"waits until {wait['due_at'] or 'an instant that is being worked out'}")


@waits.command()
def fire(
    wait_id: WaitArgument,
    reason: ReasonOption = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """End a wait now, as if its instant had come."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        execution = client.create(f"waits/{wait_id}/fire", _given(reason=reason))
    say_state(execution, as_json=as_json)


@waits.command()
def cancel(
    wait_id: WaitArgument,
    then: Annotated[
        Literal["go-on", "end-run"],
        typer.Option(
            help="go-on: the step is skipped and the run goes on with the next one. end-run: the"
            " run is cancelled."
        ),
    ] = "go-on",
    reason: ReasonOption = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Give a wait up."""
    body = _given(then=then.replace("-", "_"), reason=reason)
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        execution = client.create(f"waits/{wait_id}/cancel", body)
    say_state(execution, as_json=as_json)


def say_state(execution: JsonObject, *, as_json: bool) -> None:
    """Prints how an execution stands after what was done to it."""
    if as_json:
        print_json(execution)
    else:
        typer.echo(f"execution {execution['id']} is {execution['state']}")


def _show(found: Iterable[JsonObject], console: Console) -> None:
    # Ids are to be copied.
    table = Table(Column("id", min_width=36, no_wrap=True), "due", "kind", "action", "why then")
    for wait in found:
        table.add_row(
            *(
                escape(_text(value))
                for value in (
                    wait["id"],
                    str(wait["due_at"] or "being worked out")[:19],
                    wait["kind"],
                    wait["action_name"] or wait["action_type"],
                    wait["reason"],
                )
            )
        )
    if table.row_count:
        console.print(table)
    else:
        console.print("nothing waits")


def _given(**values: str | None) -> dict[str, JsonValue]:
    return {name: value for name, value in values.items() if value is not None}


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
