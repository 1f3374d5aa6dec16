"""`treadle dead-letters`: messages that were given up, and what is to become of them."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    connected,
    console,
    failing_politely,
)

dead_letters = typer.Typer(
    help="Messages that were given up: they could not be read, or never had a result.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

IdsArgument = Annotated[
    list[UUID], typer.Argument(help="As `treadle dead-letters list` shows them.")
]


@dead_letters.command("list")
def list_letters(
    state: Annotated[
        Literal["open", "replayed", "discarded"], typer.Option(help="Which of them.")
    ] = "open",
    kind: Annotated[
        Literal["action", "result", "delay", "event"] | None, typer.Option(help="Of this kind.")
    ] = None,
    workflow: Annotated[UUID | None, typer.Option(help="This workflow's.")] = None,
    execution: Annotated[UUID | None, typer.Option(help="This execution's.")] = None,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List messages that were given up, the first to die first."""
    query = {"state": state, "kind": kind, "workflow_id": workflow, "execution_id": execution}
    given = {name: str(value) for name, value in query.items() if value is not None}
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        _show(client.records("dead-letters", **given), state, console())


@dead_letters.command()
def show(
    letter_id: Annotated[UUID, typer.Argument(help="As `treadle dead-letters list` shows it.")],
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show everything about one, with what it says but for secrets."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        typer.echo(json.dumps(client.read(f"dead-letters/{letter_id}"), indent=2))


@dead_letters.command()
def replay(
    ids: IdsArgument,
    reason: Annotated[str, typer.Option(help="Why it will do better, for the audit log.")] = "",
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Have messages processed once more; runs that have failed by them are opened again.

    Exits with 0 only when it could be done with each of them.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = _close(client, ids, "replay", reason)
    raise typer.Exit(0 if good else 1)


@dead_letters.command()
def discard(
    ids: IdsArgument,
    reason: Annotated[str, typer.Option(help="Why nothing more is to become of it.")],
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Do away with messages and with what they say.

    Exits with 0 only when it could be done with each of them.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = _close(client, ids, "discard", reason)
    raise typer.Exit(0 if good else 1)


def _show(found: Iterable[JsonObject], state: str, console: Console) -> None:
    # Ids are to be copied.
    table = Table(
        Column("id", min_width=36, no_wrap=True),
        "died at",
        "what",
        "deliveries",
        "why",
        "execution",
    )
    for letter in found:
        table.add_row(
            str(letter["id"]),
            str(letter["died_at"])[:19],
            f"{letter['kind']} {letter['action_type'] or letter['source']}",
            str(letter["deliveries"]),
            str(letter["reason"]),
            str(letter["execution_id"] or ""),
        )
    if table.row_count:
        console.print(table)
    else:
        console.print(f"no dead letter is {state}")


def _close(client: GatewayClient, ids: Sequence[UUID], verb: str, reason: str) -> bool:
    """Does it to one after the other; returns whether it could be done with all."""
    good = True
    for letter_id in ids:
        try:
            letter = client.create(f"dead-letters/{letter_id}/{verb}", {"reason": reason})
        except GatewayError as error:
            good = False
            typer.echo(f"{letter_id}  left as it is: {error}", err=True)
        else:
            typer.echo(f"{letter_id}  {letter['state']}")
    return good
