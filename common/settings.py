"""Settings from the environment: read once, at start, with errors that name the variable at fault.

A service derives its settings from `SharedSettings` and sets its own prefix:

    class SchedulerSettings(DatabaseSettings):
        model_config = SettingsConfigDict(env_prefix="TREADLE_SCHEDULER_")
        listen: str = "127.0.0.1:50052"

so that `listen` is read from TREADLE_SCHEDULER_LISTEN while the shared ones keep their common
names.
"""

import binascii
import os
from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal, TypeVar

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from common.database_url import check_database_url

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]

_KEY_BYTES = 32


def _check_key(value: SecretStr) -> SecretStr:
    try:
        key = b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(key) != _KEY_BYTES:
        raise ValueError(f"must be {_KEY_BYTES} bytes in base64: openssl rand -base64 32")
    return value


def _read_keys(value: object) -> object:
    """Here rather than by pydantic, which would not say which variable is at fault."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        raise ValueError("must be a JSON array of keys") from None


SecretKey = Annotated[SecretStr, AfterValidator(_check_key)]
SecretKeys = Annotated[tuple[SecretKey, ...], NoDecode, BeforeValidator(_read_keys)]


def key_bytes(*keys: SecretStr) -> tuple[bytes, ...]:
    """What `SecretKey`s stand for."""
    return tuple(b64decode(key.get_secret_value()) for key in keys)


class SettingsError(SystemExit):
    """The environment does not make valid settings.

    A `SystemExit`, because nothing can be done about it inside the process: uncaught, it ends the
    process with status 1 and its message on stderr, without a traceback.
    """


class ProcessSettings(BaseSettings):
    """What every process reads, the gateway too, which does without the shared secret."""

    model_config = SettingsConfigDict(
        env_prefix="TREADLE_",
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    log_level: LogLevel = Field(default="info", validation_alias="TREADLE_LOG_LEVEL")
    log_format: LogFormat = Field(default="json", validation_alias="TREADLE_LOG_FORMAT")


class SharedSettings(ProcessSettings):
    """What every service behind the gateway reads besides."""

    nats_url: str = Field(
        default="nats://127.0.0.1:4222", validation_alias="TREADLE_NATS_URL", min_length=1
    )
    nats_replicas: int = Field(default=1, validation_alias="TREADLE_NATS_REPLICAS", ge=1, le=5)
    nats_ack_wait_seconds: int = Field(
        default=30, validation_alias="TREADLE_NATS_ACK_WAIT_SECONDS", ge=2, le=300
    )
    jwt_secret: Annotated[SecretStr, Field(min_length=32)] = Field(
        validation_alias="TREADLE_JWT_SECRET"
    )

    @property
    def nats_ack_wait(self) -> timedelta:
        """How long what a dead process had in hand stays away."""
        return timedelta(seconds=self.nats_ack_wait_seconds)


class DatabaseSettings(SharedSettings):
    """What a service with a database of its own reads besides."""

    database_url: Annotated[str, AfterValidator(check_database_url)] = Field(
        validation_alias="TREADLE_DATABASE_URL", repr=False
    )


S = TypeVar("S", bound=ProcessSettings)


def load(cls: type[S]) -> S:
    """Read `cls` from the environment.

    Raises SettingsError naming every variable that is missing, wrong or, when it starts with the
    service's own prefix, unknown. Values are never part of the message: they may be secret.
    """
    problems = [f"{name}: unknown variable" for name in _unknown_variables(cls)]
    try:
        settings = cls()  # pyright: ignore[reportCallIssue] - the environment supplies the fields
    except ValidationError as error:
        problems += [f"{_variable(cls, e)}: {e['msg']}" for e in error.errors(include_input=False)]
    else:
        if not problems:
            return settings
    raise SettingsError("invalid settings\n  " + "\n  ".join(sorted(problems)))


def _variable(cls: type[ProcessSettings], error: ErrorDetails) -> str:
    name = str(error["loc"][0]) if error["loc"] else "environment"
    return _names(cls).get(name, name)


def _names(cls: type[ProcessSettings]) -> dict[str, str]:
    """Map each field's name to the variable that sets it."""
    prefix = cls.model_config.get("env_prefix", "")
    return {
        name: (
            field.validation_alias
            if isinstance(field.validation_alias, str)
            else f"{prefix}{name}".upper()
        )
        for name, field in cls.model_fields.items()
    }


def _unknown_variables(cls: type[ProcessSettings]) -> Iterator[str]:
    prefix = cls.model_config.get("env_prefix", "")
    if prefix == ProcessSettings.model_config.get("env_prefix"):
        return  # no prefix of its own: other services' variables start with the shared one
    known = set(_names(cls).values())
    for name in os.environ:
        if name.upper().startswith(prefix) and name.upper() not in known:
            yield name
