"""Secrets of configurations at work: opened right before use, and kept out of what is told."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from urllib.parse import quote, quote_plus

import orjson
from google.protobuf.message import Message

from common.catalogue import SECRET_MASK, catalogue, is_credential_header, is_sealed
from common.clock import Clock
from common.errors import ErrorReason, TreadleError
from common.telemetry import get_logger
from executor_service.domain.outcome import Deferred, ErrorClass, Failed, JsonValue
from executor_service.handlers.base import Step
from executor_service.ports import SecretStore
from executor_service.postpone import name_of, not_had

# Shorter ones cannot be told from ordinary words.
SHORTEST_REDACTED: Final = 4
# `Bearer x`, `session=x; other=y`: of such a value the parts are secret too.
_SHORTEST_PART: Final = 8
_BETWEEN_PARTS: Final = re.compile(r"[\s,;=:\"]+")

_log = get_logger(__name__)

ConfigT = TypeVar("ConfigT", bound=Message)


@dataclass(frozen=True, slots=True)
class Opened(Generic[ConfigT]):
    """A configuration as it was given to us, and the secrets in it."""

    config: ConfigT = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


class ConfigSecrets:
    """Opens the secrets of configurations."""

    def __init__(self, store: SecretStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def opened(self, step: Step[ConfigT]) -> Opened[ConfigT] | Failed | Deferred:
        """The step's configuration with its secrets; else the outcome that says why it has none.

        A secret that is not sealed is from an engine or a release that knew of no sealing. What
        merge fields have come to is none, though it may look sealed: it is data of a contact.
        """
        action_type = step.task.config.WhichOneof("config") or ""
        spec = catalogue().get(action_type)
        given = spec.secret_values(spec.read(getattr(step.task.config, action_type)))
        config = spec.read(step.config)
        secrets = spec.secret_values(config)
        if SECRET_MASK in given:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                "the configuration's secrets are masked, as they are in a dead letter",
            )
        sealed = tuple(value for value in secrets if is_sealed(value) and value in given)
        if not sealed:
            return Opened(step.config, tuple(secrets))
        try:
            plain = await self._store.open(step.task.account_id, sealed)
        except (TreadleError, TimeoutError) as error:
            _log.warning(
                "secrets_not_opened", error=name_of(error), attempt_id=step.task.attempt_id
            )
            if isinstance(error, TreadleError) and error.reason is ErrorReason.VALIDATION_FAILED:
                return Failed(
                    ErrorClass.INVALID_CONFIG,
                    "a secret of the configuration cannot be opened; set it anew",
                )
            return not_had("the secrets of the configuration", error, self._clock.now())
        by_form = dict(zip(sealed, plain, strict=True))
        whole = spec.replace_secrets(config, lambda value: by_form.get(value, value))
        return Opened(spec.write(type(step.config)(), whole), tuple(spec.secret_values(whole)))


class Redactor:
    """Puts the mask where a text or JSON that comes from outside repeats one of our secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in _with_parts(secrets)
            if len(secret) >= SHORTEST_REDACTED
            for form in _forms(secret)
        }
        # The longest first: one may be part of another.
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, value: str) -> str:
        """The text without secrets."""
        return value if self._pattern is None else self._pattern.sub(SECRET_MASK, value)

    def json(self, value: JsonValue) -> JsonValue:
        """The value without secrets, in names and numbers either."""
        if self._pattern is None:
            return value
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.json(item) for item in value]
            case dict():
                return {self.text(name): self.json(item) for name, item in value.items()}
            case int() | float() if self._pattern.fullmatch(str(value)):
                return SECRET_MASK
            case _:
                return value

    def output(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The output of a step without secrets in its values."""
        return {name: self.json(value) for name, value in values.items()}


def sent_secrets(headers: Mapping[str, str]) -> list[str]:
    """What the headers of a request give access with; of `Basic` the password too."""
    secrets = [value for name, value in headers.items() if is_credential_header(name)]
    for value in tuple(secrets):
        scheme, _, pair = value.partition(" ")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                secrets.append(b64decode(pair).decode().partition(":")[2])
    return secrets


def _with_parts(secrets: Iterable[str]) -> Iterable[str]:
    for secret in secrets:
        yield secret
        yield from (part for part in _BETWEEN_PARTS.split(secret) if len(part) >= _SHORTEST_PART)


def _forms(secret: str) -> Iterable[str]:
    """How a secret may be spelt by whoever repeats it."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield orjson.dumps(secret).decode()[1:-1]
    # Without the end, which depends on what follows.
    encoded = b64encode(secret.encode()).decode("ascii")
    yield encoded if not len(secret.encode()) % 3 else encoded[:-4]
