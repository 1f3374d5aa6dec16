"""`python -m gateway`: serves REST; configured by TREADLE_GATEWAY_* variables."""

import argparse
import asyncio

from common.runtime import run
from common.settings import load
from common.telemetry import configure_logging
from gateway.bootstrap import SERVICE, serve
from gateway.settings import GatewaySettings


def main() -> None:
    """Run until told to stop."""
    argparse.ArgumentParser(prog="python -m gateway", description=__doc__).parse_args()
    settings = load(GatewaySettings)
    configure_logging(settings.log_level, settings.log_format, service=SERVICE)

    async def serve_until(stop: asyncio.Event) -> None:
        await serve(settings, stop)

    run(serve_until, grace=settings.stop_within)


if __name__ == "__main__":
    main()
