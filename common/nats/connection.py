"""One way to connect to NATS: reconnects for ever and says so in the log."""

import asyncio
from datetime import timedelta
from typing import Final, cast

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionReconnectingError
from nats.errors import Error as NatsError

from common.runtime import CannotStartError, unless_stopped

# What the client raises when the server is not there, is going, or takes too long.
NATS_TROUBLE: Final = (NatsError, OSError)

_log = structlog.get_logger(__name__)

_FIRST_TRY = timedelta(seconds=30)
_ASK_AGAIN_S = 0.1


class _Connection(Client):
    """What a connection that is lost takes with it ends then and there."""

    async def close(self) -> None:
        """Ends the connection, also while it is being lost or sought.

        The client library fails when the line is given up at the same moment, and seeks on when it
        is told to stop at the very instant of an answer.
        """
        try:
            await super().close()
        except (OSError, asyncio.CancelledError):
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise
        seeking = self._reconnection_task
        if seeking is not None and seeking is not asyncio.current_task():
            while not seeking.done():
                seeking.cancel()
                await asyncio.wait((seeking,), timeout=_ASK_AGAIN_S)

    def give_up_requests(self) -> None:
        """Ends what waits for an answer, for the answer is lost with the connection.

        The client library would have it wait for its whole timeout, long after the server is back.
        """
        waits = cast("dict[str, asyncio.Future[Msg]]", self._resp_map)
        for waiting in list(waits.values()):
            if not waiting.done():
                waiting.set_exception(ConnectionReconnectingError())


async def connect(
    url: str, *, name: str, stop: asyncio.Event | None = None, within: timedelta = _FIRST_TRY
) -> Client:
    """A connection that survives restarts of the server.

    Subjects are not validated by the client on every publish: all of ours are made from the
    catalogue. Raises CannotStartError when no server answers at first, `within` that time, and
    StoppedWhileStartingError when `stop` is set before.
    """
    errors = ["no answer"]

    async def on_error(error: Exception) -> None:
        errors[:] = [f"{type(error).__name__}: {error}"]
        _log.warning("nats_error", error=type(error).__name__, detail=str(error))

    async def on_disconnect() -> None:
        _log.warning("nats_disconnected")
        client.give_up_requests()

    async def on_reconnect() -> None:
        _log.info("nats_reconnected")

    client = _Connection()
    first = client.connect(
        url,
        name=name,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # pyright: ignore[reportArgumentType] - annotated too narrowly
        connect_timeout=5,
        ping_interval=10,
        max_outstanding_pings=2,
        pending_size=64 * 1024 * 1024,
        skip_subject_validation=True,
        error_cb=on_error,
        disconnected_cb=on_disconnect,
        reconnected_cb=on_reconnect,
    )
    try:
        # By itself the client would go on for ever, this first time too.
        async with asyncio.timeout(within.total_seconds()):
            await unless_stopped(stop or asyncio.Event(), first)
    except TimeoutError as error:
        await client.close()
        raise CannotStartError(
            f"no server of TREADLE_NATS_URL let us in within {within.total_seconds():g} s:"
            f" {errors[0]}"
        ) from error
    except (NatsError, ValueError):
        # What the client says of it quotes it, password and all.
        raise CannotStartError("TREADLE_NATS_URL is no URL of a NATS server") from None
    except BaseException:
        await client.close()
        raise
    return client
