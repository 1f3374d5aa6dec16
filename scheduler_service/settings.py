"""What operators may set for the scheduler."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.settings import DatabaseSettings


class SchedulerSettings(DatabaseSettings):
    """Read from TREADLE_SCHEDULER_* and the shared variables."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_SCHEDULER_")

    listen: str = Field(default="127.0.0.1:50052", description="gRPC address; port 0: a free one.")
    metrics_listen: str = Field(
        default="", description="Address of the Prometheus endpoint; empty: none."
    )
    intake_batch: int = Field(
        default=500, ge=1, le=5_000, description="Most messages stored in one transaction."
    )
    intake_concurrency: int = Field(
        default=2, ge=1, le=8, description="Transactions that store messages of one kind at a time."
    )
    fire_batch: int = Field(
        default=2_000, ge=1, le=20_000, description="Most timers fired in one transaction."
    )
    fire_concurrency: int = Field(
        default=2, ge=1, le=8, description="Transactions that fire at a time when many are due."
    )
    results_ahead: int = Field(
        default=48,
        ge=1,
        le=100_000,
        description="Messages of results that may wait for engines before more is fired at once.",
    )
    pool_size: int = Field(default=10, ge=4, le=100, description="Connections to Postgres.")
