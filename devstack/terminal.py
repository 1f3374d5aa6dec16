"""What the commands share: options, the console, polite failures, a client of the gateway."""

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

from common.auth import issue_token
from common.script_modules import ModuleStoreError
from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.datadir import DataDir, InUseError, default_data_dir
from devstack.loading import FileError
from devstack.nats import NatsError
from devstack.pghome import PostgresHomeError
from devstack.postgres import PostgresError
from devstack.processes import ServiceError
from devstack.stack import DEV_ACCOUNT, DEV_USER
from devstack.up import TOKEN_TTL

_FAILURES = (
    FileError,
    GatewayError,
    InUseError,
    ModuleStoreError,
    NatsError,
    OSError,
    PostgresError,
    PostgresHomeError,
    ServiceError,
)
_LOG_WIDTH = 120

DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where the stack keeps its data.  \\[default: .treadle]"),
]
GatewayOption = Annotated[
    str | None, typer.Option(help="Base URL.  \\[default: the running stack's]")
]
BearerOption = Annotated[
    str | None, typer.Option("--token", help="\\[default: one for the running stack]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the gateway answers.")]

# Of options with an instant: it has an offset, or Z.
INSTANTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]


def console() -> Console:
    """Where the commands print."""
    shown = Console()
    # A log has no width to fit into.
    return shown if shown.is_terminal else Console(width=_LOG_WIDTH)


def print_json(value: JsonValue) -> None:
    """Print data for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_all(name: str, records: Iterable[JsonObject]) -> None:
    """Print all records of a collection as one page would have them."""
    print_json({name: list(records)})


@contextmanager
def failing_politely() -> Generator[None]:
    """Show what is known to go wrong as a message, without a traceback."""
    try:
        yield
    except _FAILURES as error:
        Console(stderr=True).out(f"treadle: {error}", highlight=False)
        raise typer.Exit(1) from None


@contextmanager
def connected(
    data_dir: Path | None, gateway: str | None, bearer: str | None
) -> Generator[tuple[GatewayClient, dict[str, str]]]:
    """Lend a client of the gateway, and what is known of the running stack, if any."""
    data = DataDir(data_dir or default_data_dir())
    state = data.state()
    if gateway is None and state is None:
        raise GatewayError("no stack runs here; start one with `treadle up` or give --gateway")
    known = state or {}
    if bearer is None:
        bearer = issue_token(
            data.jwt_secret(),
            subject=DEV_USER,
            account_id=DEV_ACCOUNT,
            roles=["admin"],
            ttl=TOKEN_TTL,
        )
    with GatewayClient(gateway or known["gateway_url"], bearer) as client:
        yield client, known
