"""`treadle providers`: how an account's calls to providers stand, in a table."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from devstack.answers import Provider
from devstack.client import GatewayClient


def show_providers(client: GatewayClient, console: Console) -> None:
    """Print all of them."""
    table = Table("provider", "calls", "answered", "failed", "limit", "last failure")
    for each in client.providers():
        table.add_row(
            escape(each.peer),
            _state(each),
            str(each.successes),
            str(each.failures),
            _limit(each),
            escape(each.last_error or ""),
        )
    console.print(table)


def _state(provider: Provider) -> str:
    if provider.state == "open":
        return f"stopped until {provider.open_until or 'they are tried again'}"
    if provider.paused_until is not None:
        return f"paused until {provider.paused_until}"
    return "being tried again" if provider.state == "half_open" else "go through"


def _limit(provider: Provider) -> str:
    limit = provider.limit
    if not limit.per_second:
        return "none"
    return f"{limit.per_second}/s" + (" (own)" if limit.own else "")
