"""What `fetch` in a script comes to: a guarded call, like that of `webhook_call`."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from common.egress import EgressRefused, EgressResponse, GuardedClient, ResponseTooLarge
from common.telemetry import inject
from executor_service.domain.classify import CallError
from executor_service.egress_calls import call
from executor_service.sandbox.limits import MAX_ANSWER_BYTES
from executor_service.sandbox.results import FetchAnswer, FetchFailure, FetchRequest

_IDEMPOTENCY_KEY: Final = "Idempotency-Key"


class Fetcher:
    """Answers the calls of one run.

    The first call carries the step's key, later ones the key with their number, so that a receiver
    can tell a repeat of the run from the next call of the same run. What the script says itself
    wins.
    """

    def __init__(self, client: GuardedClient, step_key: str, timeout: timedelta) -> None:
        self._client = client
        self._step_key = step_key
        self._timeout = timeout

    async def __call__(self, request: FetchRequest) -> FetchAnswer | FetchFailure:
        """See `executor_service.sandbox.conversation.Fetch`."""
        try:
            response = await call(
                self._client,
                request.method,
                request.url,
                headers=self._headers(request),
                content=(request.body or "").encode(),
                timeout=self._timeout,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except EgressRefused as error:
            return FetchFailure(f"fetch was not allowed: {error}")
        except ResponseTooLarge as error:
            return FetchFailure(f"fetch failed: {error}")
        except CallError as error:
            return FetchFailure(f"fetch failed: {error}", network=True)
        return _answer(request.url, response)

    def _headers(self, request: FetchRequest) -> dict[str, str]:
        number = request.number
        ours = {_IDEMPOTENCY_KEY: self._step_key if number == 1 else f"{self._step_key}-{number}"}
        if request.body is not None:
            ours["Content-Type"] = "text/plain;charset=UTF-8"
        inject(ours)
        headers = {name.lower(): (name, value) for name, value in ours.items()}
        headers |= {name.lower(): (name, value) for name, value in request.headers}
        return dict(headers.values())


def _answer(url: str, response: EgressResponse) -> FetchAnswer:
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return FetchAnswer(
        status=response.status,
        status_text=phrase,
        url=url,
        headers=tuple(response.headers.items()),
        body=response.body.decode("utf-8", "replace"),
    )
