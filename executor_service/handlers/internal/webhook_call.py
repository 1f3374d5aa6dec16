"""SPEC-WFL-003 R5.3: an HTTP request to another system of the account's choosing."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from common.catalogue.convert import read_struct
from common.clock import Clock
from common.egress import EgressRefused, EgressResponse, GuardedClient, ResponseTooLarge
from common.egress.target import parse_target
from common.errors import TreadleError
from common.standard_webhooks import signed_headers
from common.telemetry import get_logger, inject
from executor_service.domain import classify
from executor_service.domain.outcome import (
    Completed,
    ErrorClass,
    Failed,
    JsonValue,
    Outcome,
)
from executor_service.egress_calls import call
from executor_service.handlers.base import Call, IoHandler, Step, step_key
from executor_service.json_values import MAX_DEPTH, TooDeepError, storable
from executor_service.ports import CredentialStore
from executor_service.postpone import name_of, not_had
from executor_service.secrets import ConfigSecrets, Opened, Redactor
from treadle.catalog.v1.webhook_call_pb2 import (
    HttpMethod,
    WebhookAuthConfig,
    WebhookAuthType,
    WebhookCallConfig,
)
from treadle.credential.v1.credential_pb2 import Provider, WebhookSigningSecret
from treadle.dispatch.v1.task_pb2 import ActionTask

# Kept for later steps with the step itself, so no place for bulk data.
MAX_RESPONSE_BYTES: Final = 256 * 1024
PEER: Final = "the webhook"

_IDEMPOTENCY_KEY: Final = "Idempotency-Key"

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    """What goes over the wire beside method and URL."""

    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class WebhookCallHandler(IoHandler[WebhookCallConfig]):
    """Sends the same Idempotency-Key on every attempt, so that a receiver can tell a repeat.

    What the account's secrets are is in nothing that comes back from here, also when the receiver
    repeats them.
    """

    def __init__(
        self,
        client: GuardedClient,
        secrets: ConfigSecrets,
        credentials: CredentialStore,
        clock: Clock,
    ) -> None:
        self._client = client
        self._secrets = secrets
        self._credentials = credentials
        self._clock = clock

    def peer(self, config: WebhookCallConfig) -> str:
        """See `IoHandler`."""
        try:
            return f"webhook:{parse_target(config.url).host}"
        except EgressRefused:
            # Nobody is called.
            return ""

    async def prepare(self, step: Step[WebhookCallConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        opened = await self._secrets.opened(step)
        if not isinstance(opened, Opened):
            return opened
        try:
            signing = await self._credentials.get(
                step.task.account_id, Provider.PROVIDER_WEBHOOK_SIGNING
            )
        except (TreadleError, TimeoutError) as error:
            _log.warning("signing_secret_not_read", error=name_of(error), **step.reference())
            return not_had("the account's signing secret", error, self._clock.now())
        keys = () if signing is None else _keys(signing.secret.webhook_signing, self._clock.now())
        request = _request(step.task, opened.config, keys, self._clock.now())
        credentials = _credentials(opened.config.auth_type, opened.config.auth_config)
        redactor = Redactor([*opened.secrets, *credentials.values()])
        return lambda: self._call(opened.config, request, redactor)

    async def _call(
        self, config: WebhookCallConfig, request: _Request, redactor: Redactor
    ) -> Outcome:
        try:
            response = await call(
                self._client,
                HttpMethod.Name(config.method).removeprefix("HTTP_METHOD_"),
                config.url,
                headers=request.headers,
                content=request.content,
                timeout=timedelta(seconds=config.timeout_seconds),
                max_bytes=MAX_RESPONSE_BYTES,
            )
        except EgressRefused as error:
            outcome = Failed(ErrorClass.INVALID_CONFIG, f"the request was not made: {error}")
        except ResponseTooLarge as error:
            outcome = self._too_large(config, error)
        except classify.CallError as error:
            outcome = self._failed(error)
        else:
            outcome = self._answered(config, response)
        if isinstance(outcome, Failed):
            return replace(outcome, message=redactor.text(outcome.message))
        return replace(outcome, output=redactor.output(outcome.output))

    def _answered(self, config: WebhookCallConfig, response: EgressResponse) -> Completed | Failed:
        if not _is_success(response.status):
            retry_after = response.headers.get("retry-after")
            return self._failed(classify.RefusedError(response.status, retry_after=retry_after))
        output: dict[str, JsonValue] = {"status_code": response.status}
        if config.store_response:
            try:
                output["response"] = _readable(response.body)
            except TooDeepError:
                return _not_storable(
                    response.status, f"is nested more than {MAX_DEPTH} levels deep"
                )
        return Completed(output=output)

    def _too_large(self, config: WebhookCallConfig, error: ResponseTooLarge) -> Completed | Failed:
        if not _is_success(error.status):
            return self._failed(classify.RefusedError(error.status))
        if not config.store_response:
            return Completed(output={"status_code": error.status})
        return _not_storable(error.status, f"is larger than {MAX_RESPONSE_BYTES // 1024} KiB")

    def _failed(self, error: classify.CallError) -> Failed:
        return classify.classify(error, peer=PEER, claimed=False, now=self._clock.now())


def _not_storable(status: int, why: str) -> Failed:
    return Failed(
        # The call was carried out: a class that says otherwise would have it retried as another.
        ErrorClass.INTERNAL,
        f"{PEER} answered {status}, but its answer {why} and cannot be stored;"
        " turn store_response off",
    )


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _readable(body: bytes) -> JsonValue:
    """The body's JSON, else its text, without what is no UTF-8 and the NULs Postgres refuses."""
    try:
        return storable(orjson.loads(body))
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _request(
    task: ActionTask, config: WebhookCallConfig, keys: Sequence[str], now: datetime
) -> _Request:
    """The request, signed by `keys` at `now`.

    The user's headers win over ours, except for the credentials that they configured and for what
    is signed.
    """
    content = orjson.dumps(read_struct(config.payload)) if config.HasField("payload") else b""
    key = step_key(task)
    ours: dict[str, str] = {_IDEMPOTENCY_KEY: key}
    if content:
        ours["Content-Type"] = "application/json"
    if not any(name.lower() == "traceparent" for name in config.headers):
        inject(ours)
    overriding = _credentials(config.auth_type, config.auth_config)
    if keys:
        overriding |= signed_headers(keys, key, now, content)
    headers: dict[str, tuple[str, str]] = {}
    for each in (ours, config.headers, overriding):
        headers |= {name.lower(): (name, value) for name, value in each.items()}
    return _Request(dict(headers.values()), content)


def _keys(signing: WebhookSigningSecret, now: datetime) -> Sequence[str]:
    """The secret that signs, and beside it the one before while receivers may not know the new."""
    if now < signing.previous_valid_until.ToDatetime(tzinfo=UTC):
        return (signing.secret, signing.previous_secret)
    return (signing.secret,)


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
