"""`python -m action_service` serves, and with `migrate` prepares the database and ends."""

import argparse
import asyncio
from collections.abc import Sequence

from action_service.bootstrap import ROLES, migrate, serve
from action_service.settings import ActionSettings
from common.runtime import run
from common.settings import load
from common.telemetry import configure_logging


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(
        prog="python -m action_service",
        description="Owns workflows, actions, executions and contacts, and moves executions on. "
        "Configured by TREADLE_… variables.",
    )
    arguments.add_argument(
        "command",
        nargs="?",
        choices=("serve", "migrate"),
        default="serve",
        help="serve (default), or bring the database's schema up to date and exit",
    )
    arguments.add_argument(
        "--roles",
        type=_roles,
        default=ROLES,
        metavar="ROLE[,ROLE]",
        help=f"what this process does: any of {', '.join(ROLES)} (default: all)",
    )
    return arguments


def _roles(given: str) -> tuple[str, ...]:
    roles = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not roles or not set(roles) <= set(ROLES):
        raise argparse.ArgumentTypeError(f"must name some of {', '.join(ROLES)}")
    return roles


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command."""
    given = parser().parse_args(arguments)
    roles: tuple[str, ...] = given.roles
    settings = load(ActionSettings)
    service = "action" if roles == ROLES else "-".join(("action", *roles))
    configure_logging(settings.log_level, settings.log_format, service=service)
    if given.command == "migrate":
        migrate(settings)
        return

    async def serve_until(stop: asyncio.Event) -> None:
        await serve(settings, roles, stop)

    run(serve_until)


if __name__ == "__main__":
    main()
