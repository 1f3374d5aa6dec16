"""Keeps connections for the next request to the same origin, few and not for long."""

import asyncio
from collections import OrderedDict
from datetime import timedelta

from common.egress.connection import Connection
from common.egress.dial import Origin


class IdleConnections:
    """The connections that nobody uses at the moment.

    The time kept should be shorter than what servers grant (five seconds is common), so that a
    request is hardly ever sent over a connection that is just being closed.
    """

    def __init__(self, limit: int, keep: timedelta) -> None:
        self._limit = limit
        self._keep = keep.total_seconds()
        self._idle: OrderedDict[Connection, asyncio.TimerHandle] = OrderedDict()
        self._by_origin: dict[Origin, list[Connection]] = {}

    def take(self, origin: Origin) -> Connection | None:
        """The connection used last, if there is one that is still good."""
        while waiting := self._by_origin.get(origin):
            connection = waiting[-1]
            self._forget(connection)
            if connection.reusable:
                return connection
            connection.close()
        return None

    def put(self, connection: Connection) -> None:
        """Keep the connection, if it is still good; the oldest one makes room."""
        if not connection.reusable or self._limit < 1:
            connection.close()
            return
        if len(self._idle) >= self._limit:
            self._drop(next(iter(self._idle)))
        timer = asyncio.get_running_loop().call_later(self._keep, self._drop, connection)
        self._idle[connection] = timer
        self._by_origin.setdefault(connection.origin, []).append(connection)

    def close(self) -> None:
        """Close all."""
        for connection in list(self._idle):
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        connection.close()

    def _forget(self, connection: Connection) -> None:
        self._idle.pop(connection).cancel()
        siblings = self._by_origin[connection.origin]
        siblings.remove(connection)
        if not siblings:
            del self._by_origin[connection.origin]
