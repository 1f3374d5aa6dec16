"""`python -m action_service` serves; `migrate` prepares the database, `rewrap` rotates its keys."""

import argparse
import asyncio
from collections.abc import Sequence

from action_service.bootstrap import API, ROLES, migrate, rewrap, serve
from action_service.domain.credentials import UnreadableSecretError
from action_service.settings import ActionSettings
from common.runtime import CannotStartError, run
from common.settings import load
from common.telemetry import configure_logging, get_logger


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
        choices=("serve", "migrate", "rewrap"),
        default="serve",
        help="serve (default), or bring the database's schema up to date and exit, or encrypt what "
        "a previous master key has encrypted by the current one and exit",
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
    if given.command == "rewrap":
        _rewrap(settings)
        return
    if API in roles:
        # Said here, before anything is waited for.
        settings.master_keys()

    async def serve_until(stop: asyncio.Event) -> None:
        await serve(settings, roles, stop)

    run(serve_until)


def _rewrap(settings: ActionSettings) -> None:
    """Raises SystemExit with what went wrong."""
    try:
        rewrapped = asyncio.run(rewrap(settings))
    except (UnreadableSecretError, CannotStartError) as error:
        raise SystemExit(str(error)) from error
    get_logger(__name__).info("data_keys_rewrapped", count=rewrapped)


if __name__ == "__main__":
    main()
