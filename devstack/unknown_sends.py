"""`treadle unknown`: messages that may or may not have been sent, and decisions about them."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from devstack.client import GatewayClient, GatewayError, UnknownSend


def show(sends: Sequence[UnknownSend], console: Console) -> None:
    """Prints a table of unknown sends, and the whole story of each below it."""
    if not sends:
        console.print("nothing is unknown")
        return
    table = Table("id", "since", "what", "to", "looks", "the last one")
    for send in sends:
        last = send.lookups[-1].note if send.lookups else ""
        what = send.channel or send.action_type
        table.add_row(
            send.id, send.unknown_at[:19], what, send.recipient or "?", str(len(send.lookups)), last
        )
    console.print(table)
    for send in sends:
        console.out(f"{send.id}  {send.explanation}", highlight=False)


def resolve(
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
