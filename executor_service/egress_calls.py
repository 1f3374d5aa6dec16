"""Guarded calls to addresses that users supplied, with failures in the executor's own terms."""

from collections.abc import Mapping
from datetime import timedelta

from common.egress import (
    EgressConnectError,
    EgressResponse,
    EgressResponseError,
    EgressTimeout,
    GuardedClient,
    Phase,
)
from executor_service.domain.classify import NoAnswerError, NotSentError


async def call(
    client: GuardedClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    timeout: timedelta,  # noqa: ASYNC109 - the client decides which error it becomes
    max_bytes: int,
) -> EgressResponse:
    """The answer, whatever its status.

    Raises NotSentError or NoAnswerError, and passes on what is no failure of the network:
    EgressRefused and ResponseTooLarge.
    """
    try:
        return await client.request(
            method, url, headers=headers, content=content, timeout=timeout, max_bytes=max_bytes
        )
    except EgressTimeout as error:
        limit = f"{timeout.total_seconds():g} s"
        if error.phase is Phase.CONNECT:
            raise NotSentError(f"no connection within {limit}") from error
        raise NoAnswerError(f"no answer within {limit}") from error
    except EgressConnectError as error:
        raise NotSentError(str(error)) from error
    except EgressResponseError as error:
        raise NoAnswerError(str(error)) from error
