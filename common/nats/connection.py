"""One way to connect to NATS: reconnects for ever and says so in the log."""

import nats
import structlog
from nats.aio.client import Client

_log = structlog.get_logger(__name__)


async def connect(url: str, *, name: str) -> Client:
    """A connection that survives restarts of the server.

    Subjects are not validated by the client on every publish: all of ours are made from the
    catalogue. Raises `nats.errors.NoServersError` when no server answers at first.
    """

    async def on_error(error: Exception) -> None:
        _log.warning("nats_error", error=type(error).__name__, detail=str(error))

    async def on_disconnect() -> None:
        _log.warning("nats_disconnected")

    async def on_reconnect() -> None:
        _log.info("nats_reconnected")

    return await nats.connect(
        url,
        name=name,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
        connect_timeout=5,
        ping_interval=10,
        max_outstanding_pings=2,
        pending_size=64 * 1024 * 1024,
        skip_subject_validation=True,
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
    )
