"""`python -m devstack.simulator`: run the provider simulator until told to stop."""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import uvloop
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from devstack.simulator.app import Credentials, Simulator
from devstack.simulator.inbox import Inbox, InboxLimits
from devstack.simulator.journal import Journal
from devstack.simulator.server import serving


class SimulatorSettings(BaseSettings):
    """Settings from the environment; unset credentials accept any that are not empty."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_SIMULATOR_", frozen=True)

    sendgrid_api_key: SecretStr | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    stripe_api_key: SecretStr | None = None
    keep_messages: int = 100_000


async def run(host: str, port: int, data_dir: Path | None, settings: SimulatorSettings) -> None:
    """Serve until SIGINT or SIGTERM."""
    credentials = Credentials(
        settings.sendgrid_api_key,
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.stripe_api_key,
    )
    limits = InboxLimits(messages=settings.keep_messages)
    with ExitStack() as stack:
        journal = None
        if data_dir is not None:
            journal = stack.enter_context(closing(Journal(data_dir / "inbox.jsonl")))
        simulator = Simulator(inbox=Inbox(limits, journal), credentials=credentials)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, simulator.stopping.set)
        async with serving(simulator, host, port) as url:
            sys.stdout.write(json.dumps({"event": "ready", "url": url}) + "\n")
            sys.stdout.flush()
            await simulator.stopping.wait()


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m devstack.simulator", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--data-dir", type=Path, help="keep the inbox here between runs")
    arguments = parser.parse_args()
    host, _, port = str(arguments.listen).rpartition(":")
    if not host or not port.isdecimal():
        parser.error("--listen takes HOST:PORT")
    data_dir: Path | None = arguments.data_dir
    uvloop.run(run(host.strip("[]"), int(port), data_dir, SimulatorSettings()))


if __name__ == "__main__":
    main()
