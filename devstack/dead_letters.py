"""`treadle dead-letters`: messages that were given up, and what is to become of them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from devstack.client import GatewayClient, GatewayError, JsonObject
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
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List messages that were given up, the first to die first."""
    query = {"state": state, "kind": kind, "workflow_id": workflow, "execution_id": execution}
    given = {name: str(value) for name, value in query.items() if value is not None}
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        found = client.records("dead-letters", **given)
        if as_json:
            print_all("dead_letters", found)
        else:
            _show(found, state, console())


@dead_letters.command()
def show(
    letter_id: Annotated[UUID, typer.Argument(help="As `treadle dead-letters list` shows it.")],
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show everything about one as JSON, with what it says but for secrets."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        print_json(client.read(f"dead-letters/{letter_id}"))


@dead_letters.command()
def replay(
    ids: IdsArgument,
    reason: Annotated[str, typer.Option(help="Why it will do better, for the audit log.")] = "",
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Have messages processed once more; runs that have failed by them are opened again.

    Exits with 0 only when it could be done with each of them.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = _close(client, ids, "replay", reason, as_json=as_json)
    raise typer.Exit(0 if good else 1)


@dead_letters.command()
def discard(
    ids: IdsArgument,
    reason: Annotated[str, typer.Option(help="Why nothing more is to become of it.")],
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Do away with messages and with what they say.

    Exits with 0 only when it could be done with each of them.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = _close(client, ids, "discard", reason, as_json=as_json)
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
            escape(f"{letter['kind']} {letter['action_type'] or letter['source']}"),
            str(letter["deliveries"]),
            escape(str(letter["reason"])),
            str(letter["execution_id"] or ""),
        )
    if table.row_count:
        console.print(table)
    else:
        console.print(f"no dead letter is {state}")


def _close(
    client: GatewayClient, ids: Sequence[UUID], verb: str, reason: str, *, as_json: bool
) -> bool:
    """Does it to one after the other; returns whether it could be done with all."""
    closed: list[JsonObject] = []
    for letter_id in ids:
        try:
            letter = client.create(f"dead-letters/{letter_id}/{verb}", {"reason": reason})
        except GatewayError as error:
            typer.echo(f"{letter_id}  left as it is: {error}", err=True)
            continue
        closed.append(letter)
        if not as_json:
            typer.echo(f"{letter_id}  {letter['state']}")
    if as_json:
        print_all("dead_letters", closed)
    return len(closed) == len(ids)
