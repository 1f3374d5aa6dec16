"""What operators may set for the action service."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from common.contact_links import LinkKeys, MarketingSettings
from common.settings import DatabaseSettings, SecretKey, SecretKeys, SettingsError, key_bytes

CallRate = Annotated[int, Field(ge=0, le=100_000)]


class ActionSettings(DatabaseSettings, MarketingSettings):
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
    provider_event_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="For how long what providers have posted is kept word for word.",
    )
    event_memory_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="For how long a wait finds an event that came before it, and an event that "
        "another system publishes again is known; events stay longer while a run is open that may "
        "look back for them.",
    )
    engine_lanes: int = Field(
        default=2, ge=1, le=16, description="Batches of results that are in flight at once."
    )
    effect_window: int = Field(
        default=5_000,
        ge=100,
        le=1_000_000,
        description="Attempts of a category that may be in the stream at once; others wait in the "
        "database, where accounts take turns.",
    )
    call_window: int = Field(
        default=1_000,
        ge=100,
        le=1_000_000,
        description="The same for a category whose actions call others.",
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
    line_busy_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="How long until a busy line is called again."
    )
    sendgrid_per_second: CallRate = Field(
        default=10_000,
        description="Calls a second of an account to SendGrid; 0 for any number. So the next five.",
    )
    twilio_per_second: CallRate = Field(default=2_000, description="SMS, at Twilio.")
    twilio_voice_per_second: CallRate = Field(default=100, description="Calls, at Twilio.")
    facebook_per_second: CallRate = Field(default=300, description="Messages, at Meta.")
    stripe_per_second: CallRate = Field(default=100, description="Calls to Stripe.")
    webhook_per_second: CallRate = Field(default=1_000, description="Calls to one webhook's host.")
    circuit_min_calls: int = Field(
        default=20, ge=1, le=100_000, description="Fewer calls in half a minute open no circuit."
    )
    circuit_failure_percent: int = Field(
        default=50, ge=1, le=100, description="A circuit opens when so many of them fail."
    )
    circuit_open_seconds: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="For how long a circuit opens at first; each time in a row twice as long.",
    )
    lookup_base_seconds: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="When a provider is first asked for a message whose outcome is unknown.",
    )
    lookup_limit: int = Field(
        default=6,
        ge=0,
        le=50,
        description="How often it is asked; each pause is three times as long.",
    )
    master_key: SecretKey | None = Field(
        default=None, description="Encrypts the accounts' data keys; the `api` role demands it."
    )
    previous_master_keys: SecretKeys = Field(
        default=(), description="Others by which data keys may be encrypted, for a rotation."
    )

    previous_link_keys: SecretKeys = Field(
        default=(), description="Others by whose links contacts may still come, for a rotation."
    )

    def master_keys(self) -> tuple[bytes, ...]:
        """The current master key, and the others. Raises SettingsError when there is none."""
        if self.master_key is None:
            raise SettingsError("invalid settings\n  TREADLE_ACTION_MASTER_KEY: Field required")
        return key_bytes(self.master_key, *self.previous_master_keys)

    def links(self) -> LinkKeys:
        """What opens links to contacts. Raises SettingsError when there is no key."""
        keys = self.link_keys(*self.previous_link_keys)
        if keys is None:
            raise SettingsError("invalid settings\n  TREADLE_LINK_KEY: Field required")
        return keys
