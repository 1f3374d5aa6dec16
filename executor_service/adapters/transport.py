"""HTTP for the providers' blocking SDKs: pooled connections, and failures told apart.

Whether a request can have left the process decides between a retry and an unknown outcome, and the
SDKs' own clients do not say. Nothing is retried and no redirect is followed here.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from executor_service.domain.classify import NoAnswerError, NotSentError

CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response; header names are matched without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ProviderTransport:
    """A thread-safe HTTP client with keep-alive for one provider."""

    def __init__(self, *, connections: int, read_timeout: timedelta) -> None:
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout.total_seconds()),
        )

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
