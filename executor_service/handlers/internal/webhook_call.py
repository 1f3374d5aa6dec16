"""SPEC-WFL-003 R5.3: an HTTP request to another system of the account's choosing."""

from base64 import b64encode
from datetime import timedelta
from typing import Final

import orjson

from common.catalogue import SECRET_MASK
from common.catalogue.convert import read_struct
from common.clock import Clock
from common.egress import EgressRefused, EgressResponse, GuardedClient, ResponseTooLarge
from common.telemetry import inject
from executor_service.domain import classify
from executor_service.domain.outcome import (
    Completed,
    ErrorClass,
    Failed,
    JsonValue,
    Outcome,
)
from executor_service.egress_calls import call
from executor_service.handlers.base import Call, IoHandler, Step
from treadle.catalog.v1.webhook_call_pb2 import (
    HttpMethod,
    WebhookAuthConfig,
    WebhookAuthType,
    WebhookCallConfig,
)

# Kept for later steps with the step itself, so no place for bulk data.
MAX_RESPONSE_BYTES: Final = 256 * 1024
MAX_RESPONSE_DEPTH: Final = 64
PEER: Final = "the webhook"

_IDEMPOTENCY_KEY: Final = "Idempotency-Key"


class WebhookCallHandler(IoHandler[WebhookCallConfig]):
    """Sends the same Idempotency-Key on every attempt, so that a receiver can tell a repeat."""

    def __init__(self, client: GuardedClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def prepare(self, step: Step[WebhookCallConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        auth = step.config.auth_config
        if SECRET_MASK in {auth.password, auth.token, auth.key}:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                "auth_config: the secret is masked, as it is in a dead letter",
            )
        return lambda: self._call(step)

    async def _call(self, step: Step[WebhookCallConfig]) -> Outcome:
        config = step.config
        content = b""
        if config.HasField("payload"):
            content = orjson.dumps(read_struct(config.payload))
        try:
            response = await call(
                self._client,
                HttpMethod.Name(config.method).removeprefix("HTTP_METHOD_"),
                config.url,
                headers=_headers(step, has_content=bool(content)),
                content=content,
                timeout=timedelta(seconds=config.timeout_seconds),
                max_bytes=MAX_RESPONSE_BYTES,
            )
        except EgressRefused as error:
            return Failed(ErrorClass.INVALID_CONFIG, f"the request was not made: {error}")
        except ResponseTooLarge as error:
            return self._too_large(config, error)
        except classify.CallError as error:
            return self._failed(error)
        return self._answered(config, response)

    def _answered(self, config: WebhookCallConfig, response: EgressResponse) -> Outcome:
        if not _is_success(response.status):
            retry_after = response.headers.get("retry-after")
            return self._failed(classify.RefusedError(response.status, retry_after=retry_after))
        output: dict[str, JsonValue] = {"status_code": response.status}
        if config.store_response:
            try:
                output["response"] = _readable(response.body)
            except _TooDeepError:
                return _not_storable(
                    response.status, f"is nested more than {MAX_RESPONSE_DEPTH} levels deep"
                )
        return Completed(output=output)

    def _too_large(self, config: WebhookCallConfig, error: ResponseTooLarge) -> Outcome:
        if not _is_success(error.status):
            return self._failed(classify.RefusedError(error.status))
        if not config.store_response:
            return Completed(output={"status_code": error.status})
        return _not_storable(error.status, f"is larger than {MAX_RESPONSE_BYTES // 1024} KiB")

    def _failed(self, error: classify.CallError) -> Failed:
        return classify.classify(error, peer=PEER, claimed=False, now=self._clock.now())


class _TooDeepError(Exception):
    """JSON that is nested too deeply to be handed on."""


def _not_storable(status: int, why: str) -> Failed:
    return Failed(
        ErrorClass.INVALID_CONFIG,
        f"{PEER} answered {status}, but its answer {why} and cannot be stored;"
        " turn store_response off",
    )


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _readable(body: bytes) -> JsonValue:
    """The body's JSON, else its text, without what is no UTF-8 and the NULs Postgres refuses."""
    try:
        return _without_nul(orjson.loads(body))
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _without_nul(value: JsonValue, depth: int = MAX_RESPONSE_DEPTH) -> JsonValue:
    if isinstance(value, list | dict) and not depth:
        raise _TooDeepError
    match value:
        case str():
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        case list():
            return [_without_nul(item, depth - 1) for item in value]
        case dict():
            return {
                str(_without_nul(name)): _without_nul(item, depth - 1)
                for name, item in value.items()
            }
        case _:
            return value


def _headers(step: Step[WebhookCallConfig], *, has_content: bool) -> dict[str, str]:
    """The user's headers win over ours, except for the credentials that they configured."""
    config = step.config
    given = dict(config.headers)
    names = {name.lower() for name in given}
    headers: dict[str, str] = {}
    if has_content and "content-type" not in names:
        headers["Content-Type"] = "application/json"
    if _IDEMPOTENCY_KEY.lower() not in names:
        headers[_IDEMPOTENCY_KEY] = step.task.action_execution_id
    if "traceparent" not in names:
        inject(headers)
    credentials = _credentials(config.auth_type, config.auth_config)
    taken = {name.lower() for name in credentials}
    headers |= {name: value for name, value in given.items() if name.lower() not in taken}
    return headers | credentials


def _credentials(kind: WebhookAuthType, auth: WebhookAuthConfig) -> dict[str, str]:
    match kind:
        case WebhookAuthType.WEBHOOK_AUTH_TYPE_BASIC:
            pair = b64encode(f"{auth.username}:{auth.password}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}"}
        case WebhookAuthType.WEBHOOK_AUTH_TYPE_BEARER:
            return {"Authorization": f"Bearer {auth.token}"}
        case WebhookAuthType.WEBHOOK_AUTH_TYPE_API_KEY:
            return {auth.header or "X-API-Key": auth.key}
        case _:
            return {}
