"""`python -m devstack.simulator`: run the provider simulator until told to stop."""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import ExitStack, closing, nullcontext
from pathlib import Path

import uvloop
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from devstack.simulator.app import Credentials, Simulator
from devstack.simulator.callbacks import Callbacks
from devstack.simulator.inbox import Inbox, InboxLimits
from devstack.simulator.journal import Journal
from devstack.simulator.server import serving
from devstack.simulator.signing import signing_key
from devstack.simulator.telling import Telling
from devstack.simulator.webhooks import Addresses, Webhooks, WebhookSecrets


class SimulatorSettings(BaseSettings):
    """Settings from the environment; unset credentials accept any that are not empty."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_SIMULATOR_", frozen=True)

    sendgrid_api_key: SecretStr | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    stripe_api_key: SecretStr | None = None
    keep_messages: int = 100_000
    # Where the records of callbacks are kept; without it none are posted.
    callbacks_dir: Path | None = None
    # Between what is told of a message.
    callback_pace_seconds: float = Field(default=0.2, ge=0, le=3_600)
    # Where they go, beside the address that each SMS is sent with.
    twilio_webhook_url: str = ""
    sendgrid_webhook_url: str = ""
    meta_webhook_url: str = ""
    stripe_webhook_url: str = ""
    # What signs them: Base64 of PKCS #8 in DER for SendGrid, shared secrets for the others.
    sendgrid_webhook_key: SecretStr | None = None
    meta_app_secret: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None


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
        telling = _telling(settings, stack)
        simulator = Simulator(
            inbox=Inbox(limits, journal), credentials=credentials, telling=telling
        )
        posting = telling.callbacks.posting() if telling is not None else nullcontext()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, simulator.stopping.set)
        async with posting, serving(simulator, host, port) as url:
            sys.stdout.write(json.dumps({"event": "ready", "url": url}) + "\n")
            sys.stdout.flush()
            await simulator.stopping.wait()


def _telling(settings: SimulatorSettings, stack: ExitStack) -> Telling | None:
    """What posts callbacks, if it is wanted."""
    folder = settings.callbacks_dir
    if folder is None:
        return None
    journal = stack.enter_context(closing(Journal(folder / "callbacks.jsonl")))
    key = settings.sendgrid_webhook_key
    secrets = WebhookSecrets(
        signing_key(key.get_secret_value()) if key is not None else None,
        _reveal(settings.meta_app_secret),
        _reveal(settings.stripe_webhook_secret),
    )
    addresses = Addresses(
        twilio=settings.twilio_webhook_url,
        sendgrid=settings.sendgrid_webhook_url,
        meta=settings.meta_webhook_url,
        stripe=settings.stripe_webhook_url,
    )
    callbacks = Callbacks(journal, pace=settings.callback_pace_seconds)
    return Telling(callbacks, Webhooks(addresses, secrets))


def _reveal(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


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
