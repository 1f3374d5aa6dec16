"""What operators may set for the action service."""

import binascii
from base64 import b64decode
from typing import Annotated

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from common.settings import DatabaseSettings, SettingsError

_MASTER_KEY_BYTES = 32


def _check_master_key(value: SecretStr) -> SecretStr:
    try:
        key = b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None
    if len(key) != _MASTER_KEY_BYTES:
        raise ValueError(f"must be {_MASTER_KEY_BYTES} bytes in base64: openssl rand -base64 32")
    return value


def _read_array(value: object) -> object:
    """Here rather than by pydantic, which would not say which variable is at fault."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        raise ValueError("must be a JSON array of master keys") from None


MasterKey = Annotated[SecretStr, AfterValidator(_check_master_key)]
MasterKeys = Annotated[tuple[MasterKey, ...], NoDecode, BeforeValidator(_read_array)]


class ActionSettings(DatabaseSettings):
    """Read from TREADLE_ACTION_* and the shared variables."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_ACTION_")

    listen: str = Field(default="127.0.0.1:50051", description="gRPC address; port 0: a free one.")
    metrics_listen: str = Field(
        default="", description="Address of the Prometheus endpoint; empty: none."
    )
    api_pool_size: int = Field(
        default=10, ge=2, le=100, description="Connections to Postgres for calls."
    )
    request_memory_hours: int = Field(
        default=168,
        ge=1,
        le=8_760,
        description="For how long a request that is repeated gets the answer of the first time.",
    )
    engine_lanes: int = Field(
        default=2, ge=1, le=16, description="Batches of results that are in flight at once."
    )
    sweep_interval_seconds: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="How often the engine looks for work whose lease ran out.",
    )
    retry_base_seconds: float = Field(
        default=2.0, gt=0, le=3600, description="Bound of the first retry's delay."
    )
    retry_cap_seconds: float = Field(
        default=600.0, gt=0, le=86_400, description="Bound that no retry's delay exceeds."
    )
    master_key: MasterKey | None = Field(
        default=None, description="Encrypts the accounts' data keys; the `api` role demands it."
    )
    previous_master_keys: MasterKeys = Field(
        default=(), description="Others by which data keys may be encrypted, for a rotation."
    )

    def master_keys(self) -> tuple[bytes, ...]:
        """The current master key, and the others. Raises SettingsError when there is none."""
        if self.master_key is None:
            raise SettingsError("invalid settings\n  TREADLE_ACTION_MASTER_KEY: Field required")
        keys = (self.master_key, *self.previous_master_keys)
        return tuple(b64decode(key.get_secret_value()) for key in keys)
