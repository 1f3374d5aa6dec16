"""`python -m scheduler_service` serves, and with `migrate` prepares the database and ends."""

import argparse
import asyncio

from common.runtime import run
from common.settings import load
from common.telemetry import configure_logging
from scheduler_service.bootstrap import migrate, serve
from scheduler_service.settings import SchedulerSettings


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(
        prog="python -m scheduler_service",
        description="Holds waits and delayed tasks until they are due. "
        "Configured by TREADLE_… variables.",
    )
    arguments.add_argument(
        "command",
        nargs="?",
        choices=("serve", "migrate"),
        default="serve",
        help="serve (default), or bring the database's schema up to date and exit",
    )
    return arguments


def main() -> None:
    """Runs the command."""
    command = parser().parse_args().command
    settings = load(SchedulerSettings)
    configure_logging(settings.log_level, settings.log_format, service="scheduler")
    if command == "migrate":
        migrate(settings)
        return

    async def serve_until(stop: asyncio.Event) -> None:
        await serve(settings, stop)

    run(serve_until)


if __name__ == "__main__":
    main()
