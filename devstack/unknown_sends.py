"""`treadle unknown`: messages that may or may not have been sent, and decisions about them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from common.clock import SYSTEM_CLOCK
from devstack.answers import UnknownSend
from devstack.client import GatewayClient, GatewayError
from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    JsonOption,
    connected,
    console,
    failing_politely,
    print_all,
)

unknown = typer.Typer(
    help="Messages that may or may not have been sent.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@unknown.command("list")
def list_unknown(
    state: Annotated[
        Literal["open", "decided", "settled"], typer.Option(help="Which of them.")
    ] = "open",
    workflow: Annotated[UUID | None, typer.Option(help="This workflow's.")] = None,
    contact: Annotated[UUID | None, typer.Option(help="This contact's.")] = None,
    channel: Annotated[str | None, typer.Option(help="This channel's: email, sms.")] = None,
    older_than: Annotated[
        float | None, typer.Option(min=0, metavar="MINUTES", help="Unknown for longer than this.")
    ] = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """List messages that may or may not have been sent, oldest first."""
    query = {"state": state, "workflow_id": workflow, "contact_id": contact, "channel": channel}
    if older_than is not None:
        before = SYSTEM_CLOCK.now() - timedelta(minutes=older_than)
        query["unknown_before"] = before.isoformat()
    given = {name: str(value) for name, value in query.items() if value is not None}
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        found = client.records("unknown-sends", **given)
        if as_json:
            print_all("unknown_sends", found)
        else:
            _show([UnknownSend.model_validate(each) for each in found], console())


@unknown.command("resolve")
def resolve_unknown(
    ids: Annotated[list[UUID], typer.Argument(help="As `treadle unknown list` shows them.")],
    resolution: Annotated[
        Literal["sent", "retry", "fail"],
        typer.Option(
            "--as",
            help="sent: the provider has it. retry: it has not, send it once more. fail: it has"
            " not, and is not to be sent any more.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why you hold that to be so; for the audit log.")],
    message_id: Annotated[
        str | None, typer.Option(help="With sent: the provider's id of the message.")
    ] = None,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Say what became of messages; their runs go on a moment later.

    Exits with 0 only when each of them was decided by this.
    """
    given = [str(each) for each in ids]
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = _resolve(client, given, resolution, reason, message_id, console())
    raise typer.Exit(0 if good else 1)


def _show(sends: Sequence[UnknownSend], console: Console) -> None:
    """Prints a table of unknown sends, and the whole story of each below it."""
    if not sends:
        console.print("nothing is unknown")
        return
    table = Table("id", "since", "what", "to", "looks", "the last one")
    for send in sends:
        last = send.lookups[-1].note if send.lookups else ""
        what = send.channel or send.action_type
        table.add_row(
            send.id,
            send.unknown_at[:19],
            what,
            escape(send.recipient or "?"),
            str(len(send.lookups)),
            escape(last),
        )
    console.print(table)
    for send in sends:
        console.out(f"{send.id}  {send.explanation}", highlight=False)


def _resolve(
    client: GatewayClient,
    ids: Sequence[str],
    resolution: str,
    reason: str,
    message_id: str | None,
    console: Console,
) -> bool:
    """Decides about one or many; returns whether all of them were decided by this."""
    if message_id is not None and len(ids) != 1:
        raise GatewayError("--message-id is the id of one message: give one unknown send")
    if len(ids) == 1:
        body = {"resolution": resolution, "reason": reason}
        send = client.resolve_unknown_send(
            ids[0], body | ({"provider_message_id": message_id} if message_id else {})
        )
        console.out(f"{send.id}  {send.explanation}", highlight=False)
        return True
    resolved, left = client.resolve_unknown_sends(ids, resolution, reason)
    for each in resolved:
        console.out(f"{each}  {resolution}", highlight=False)
    for each in left:
        console.out(f"{each}  left as it is: decided before, or not there", highlight=False)
    return not left
