"""HTTP for the providers' blocking SDKs: pooled connections, and failures told apart.

Whether a request can have left the process decides between a retry and an unknown outcome, and the
SDKs' own clients do not say. Nothing is retried and no redirect is followed here. What answers,
and however slowly it does, takes a bounded time and a bounded amount of memory.
"""

import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from http import client as http_client
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    SSLError,
)
from urllib3.response import HTTPResponse

from executor_service.domain.classify import NoAnswerError, NotSentError
from executor_service.secrets import Redactor, sent_secrets

CONNECT_TIMEOUT_S = 5.0
# A server may close an idle connection just as the next request goes out, which is then lost, or
# not: nobody can tell. The shortest common timeout of servers is 5 s; by then we have left.
MAX_IDLE_S = 3.0
# Decompressed. What these APIs answer is a few kilobytes.
MAX_BODY_BYTES = 1024 * 1024

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response; header names are matched without regard to case.

    The body is empty when it did not come whole: the status says what happened all the same.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class _TimedSocket(io.RawIOBase):
    """Reads from a socket until an instant (`time.monotonic`), however many reads that takes."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        # Keeps the socket open after the connection has let go of it.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http_client.HTTPResponse):
    """An answer all of which has to have come by a deadline, its headers too."""

    def __init__(self, sock: socket.socket, deadline: float, **how: Any) -> None:
        super().__init__(sock, **how)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedSocket(sock, deadline))


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
        if self.timeout is not None:
            deadline = time.monotonic() + self.timeout
            made = partial(_TimedResponse, deadline=deadline)
            self.response_class = made  # pyright: ignore[reportAttributeAccessIssue] - is called only
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
                method,
                url,
                body=body,
                headers=dict(headers),
                redirect=False,
                preload_content=False,
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NotSentError(_cause(error)) from error
        except SSLError as error:
            if isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise NotSentError("its certificate could not be verified") from error
            raise NoAnswerError(_cause(error)) from error
        except HTTPError as error:
            raise NoAnswerError(_cause(error)) from error
        content = _body_of(response)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            # What a refusal says is shown to people: it must not repeat what we called with.
            said = content.decode("utf-8", "replace")
            content = Redactor(sent_secrets(headers)).text(said).encode()
        return Answer(response.status, response.headers, content)


def _body_of(response: urllib3.BaseHTTPResponse) -> bytes:
    """The body, decompressed; empty when it does not come whole or is too large."""
    parts = bytearray()
    try:
        while part := response.read(_CHUNK_BYTES, decode_content=True):
            parts += part
            if len(parts) > MAX_BODY_BYTES:
                raise ProtocolError("the body is too large")
    except HTTPError:
        # What is left of it must not be taken for the next answer.
        response.close()
        return b""
    response.release_conn()
    return bytes(parts)


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
