"""`treadle executions` and `treadle operations`: looking at runs, stopping and resuming them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from pydantic import JsonValue

from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.looking import list_executions, show_execution
from devstack.operating import Operation, matching, operate, say_outcome, show_operations
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

_SETTINGS = {"help_option_names": ["-h", "--help"]}
_INSTANTS = [*INSTANTS, "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_STARTED = "In this machine's time zone unless it has an offset."
_WHICH = (
    "Give executions by their ids, or say which: all that meet every option. An operation does the"
    " rest in the background, and goes on when this command is stopped."
)
_HELP = {
    "cancel": f"End executions now; asks before it ends all that match. {_WHICH}",
    "pause": f"Have nothing more of executions begin; timers run on. {_WHICH}",
    "resume": f"End the pauses of executions; what was held runs. {_WHICH}",
}


class OpenState(StrEnum):
    """The states of what has not ended."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"


executions = typer.Typer(
    help="Look at executions; cancel, pause and resume single ones or all that match.",
    no_args_is_help=True,
    context_settings=_SETTINGS,
)
operations = typer.Typer(
    help="Operations on many executions at once.",
    no_args_is_help=True,
    context_settings=_SETTINGS,
)


def _add(kind: str) -> None:
    def command(
        execution_ids: Annotated[
            list[UUID] | None, typer.Argument(help="Single executions.", show_default=False)
        ] = None,
        workflow: Annotated[UUID | None, typer.Option(help="This workflow's.")] = None,
        version: Annotated[
            int | None, typer.Option(min=1, help="On this version of the workflow.")
        ] = None,
        step: Annotated[UUID | None, typer.Option(help="Those that stand at this action.")] = None,
        state: Annotated[
            list[OpenState] | None,
            typer.Option(help="In this state. May be repeated."),
        ] = None,
        tag: Annotated[
            list[str] | None,
            typer.Option(help="Of contacts with this tag. May be repeated: any of them."),
        ] = None,
        contact: Annotated[
            list[UUID] | None, typer.Option(help="Of this contact. May be repeated.")
        ] = None,
        started_after: Annotated[
            datetime | None, typer.Option(formats=_INSTANTS, help=_STARTED)
        ] = None,
        started_before: Annotated[
            datetime | None, typer.Option(formats=_INSTANTS, help=_STARTED)
        ] = None,
        reason: Annotated[str | None, typer.Option(help="Why; for the audit log.")] = None,
        *,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Count them, and do nothing.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        as_json: JsonOption = False,
        data_dir: DataDirOption = None,
        gateway: GatewayOption = None,
        bearer: BearerOption = None,
    ) -> None:
        given: dict[str, JsonValue] = {
            "workflow_id": workflow and str(workflow),
            "version": version,
            "action_id": step and str(step),
            "states": [each.value for each in state or ()],
            "tags": list(tag or ()),
            "contact_ids": [str(each) for each in contact or ()],
            "started_after": started_after and started_after.astimezone().isoformat(),
            "started_before": started_before and started_before.astimezone().isoformat(),
        }
        which = {name: value for name, value in given.items() if value}
        with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
            if execution_ids:
                if which or dry_run:
                    raise GatewayError("give either executions by their ids, or options")
                good = _control(client, kind, execution_ids, reason, as_json=as_json)
            elif dry_run:
                _count(client, kind, which, as_json=as_json)
                return
            else:
                if kind == "cancel" and not yes:
                    _confirm(client, kind, which)
                good = operate(client, kind, which, reason, console(), as_json=as_json)
        raise typer.Exit(0 if good else 1)

    command.__doc__ = _HELP[kind]
    executions.command(kind)(command)


executions.command("list")(list_executions)
executions.command("show")(show_execution)
for _kind in _HELP:
    _add(_kind)


@operations.command("list")
def list_operations(
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List operations, newest first, with what became of the executions."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        if as_json:
            print_all("operations", client.records("operations"))
        else:
            show_operations(client, console())


@operations.command("show")
def show_operation(
    operation_id: Annotated[UUID, typer.Argument(help="As `treadle operations list` shows it.")],
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show how far an operation has come, and what could not be done."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        found = client.read(f"operations/{operation_id}")
    if as_json:
        print_json(found)
    else:
        say_outcome(Operation.model_validate(found), console())


@operations.command("cancel")
def cancel_operation(
    operation_id: Annotated[UUID, typer.Argument(help="As `treadle operations list` shows it.")],
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Stop an operation where it has come to; what it has done stays done."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        stopped = client.create(f"operations/{operation_id}/cancel", {})
    if as_json:
        print_json(stopped)
    else:
        console().out(f"{operation_id}  {stopped['status']}", highlight=False)


def _count(
    client: GatewayClient, kind: str, which: Mapping[str, JsonValue], *, as_json: bool
) -> None:
    found = matching(client, kind, which)
    if as_json:
        print_json({"matched": found})
    else:
        typer.echo(f"{found:,} executions match")


def _confirm(client: GatewayClient, kind: str, which: Mapping[str, JsonValue]) -> None:
    """Asks whether all that match are meant, beside what the command prints; ends it if not."""
    found = matching(client, kind, which)
    typer.echo(f"{found:,} executions match", err=True)
    if not found:
        raise typer.Exit(0)
    typer.confirm(f"{kind.capitalize()} them?", abort=True, err=True)


def _control(
    client: GatewayClient,
    kind: str,
    execution_ids: Sequence[UUID],
    reason: str | None,
    *,
    as_json: bool,
) -> bool:
    """Does it to one after the other; returns whether it could be done to all."""
    if kind == "resume" and reason is not None:
        raise GatewayError("--reason is for all that match; single executions are resumed without")
    body: dict[str, JsonValue] = {} if reason is None else {"reason": reason}
    controlled: list[JsonObject] = []
    for execution_id in execution_ids:
        try:
            answer = client.create(f"executions/{execution_id}/{kind}", body)
        except GatewayError as error:
            typer.echo(f"{execution_id}  left as it is: {error}", err=True)
            continue
        controlled.append(answer)
        if not as_json:
            console().out(f"{execution_id}  {answer['state']}", highlight=False)
    if as_json:
        print_all("executions", controlled)
    return len(controlled) == len(execution_ids)
