"""What operators may set for the action service."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import DatabaseSettings


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
