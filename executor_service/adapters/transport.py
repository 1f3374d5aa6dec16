"""HTTP for the providers' blocking SDKs: pooled connections, and failures told apart.

Whether a request can have left the process decides between a retry and an unknown outcome, and the
SDKs' own clients do not say. Nothing is retried and no redirect is followed here.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.response import HTTPResponse

from executor_service.domain.classify import NoAnswerError, NotSentError

CONNECT_TIMEOUT_S = 5.0
# A server may close an idle connection just as the next request goes out, which is then lost, or
# not: nobody can tell. The shortest common timeout of servers is 5 s; by then we have left.
MAX_IDLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response; header names are matched without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Connection(HTTPConnection):
    """Connects anew rather than send over what has been idle for long."""

    _used_at = 0.0

    def connect(self) -> None:
        super().connect()
        self._used_at = time.monotonic()

    def request(self, *args: Any, **how: Any) -> None:
        if time.monotonic() - self._used_at > MAX_IDLE_S:
            self.close()
        super().request(*args, **how)

    def getresponse(self) -> HTTPResponse:
        response = super().getresponse()
        self._used_at = time.monotonic()
        return response


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType] - urllib3's own does not fit


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection  # pyright: ignore[reportAssignmentType] - as above


class ProviderTransport:
    """A thread-safe HTTP client with keep-alive for one provider."""

    def __init__(self, *, connections: int, read_timeout: timedelta) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout.total_seconds()),
        )
        pools: dict[str, type[urllib3.HTTPConnectionPool | urllib3.HTTPSConnectionPool]] = {
            "http": _Pool,
            "https": _TlsPool,
        }
        self._pool.pool_classes_by_scheme = pools

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Blocks until the answer is there. Raises NotSentError or NoAnswerError."""
        try:
            response = self._pool.request(
                method, url, body=body, headers=dict(headers), redirect=False
            )
            return Answer(response.status, response.headers, response.data)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSentError(_cause(error)) from error
        except SSLError as error:
            if isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise NotSentError("its certificate could not be verified") from error
            raise NoAnswerError(_cause(error)) from error
        except HTTPError as error:
            raise NoAnswerError(_cause(error)) from error


def _cause(error: HTTPError) -> str:
    """A few words for people: urllib3's own texts name objects and addresses."""
    if isinstance(error, NewConnectionError):
        return "no connection"
    if isinstance(error, ConnectTimeoutError):
        return "no connection in time"
    name = type(error).__name__
    return {"ReadTimeoutError": "read timeout", "ProtocolError": "connection broken"}.get(
        name, name
    )
