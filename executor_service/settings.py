"""What an executor reads from its environment: TREADLE_EXECUTOR_* and the shared variables."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.contact_links import MarketingSettings
from common.settings import SharedSettings
from executor_service.sandbox.isolation import Isolation


class ExecutorSettings(SharedSettings, MarketingSettings):
    """Settings of one executor process."""

    model_config = SettingsConfigDict(env_prefix="TREADLE_EXECUTOR_")

    listen: str = "127.0.0.1:50053"
    metrics_listen: str = ""
    api_target: str = "127.0.0.1:50051"
    # Calls to other systems at a time, per category.
    concurrency: int = Field(default=64, ge=1, le=1024)
    # Deliveries of one task before it is suspected of bringing executors down, and tried alone.
    max_deliver: int = Field(default=6, ge=1, le=1000)
    results_ahead: int = Field(default=16, ge=1, le=100_000)
    egress_allow_loopback: bool = False

    sendgrid_api_key: SecretStr | None = None
    sendgrid_base_url: str = "https://api.sendgrid.com"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr | None = None
    # Empty for Twilio's own.
    twilio_base_url: str = ""
    # Meta's Graph API; pages are called with their accounts' own credentials.
    graph_base_url: str = "https://graph.facebook.com"
    graph_version: str = Field(default="v25.0", pattern=r"^v[0-9]+\.[0-9]+$")
    stripe_api_key: SecretStr | None = None
    stripe_base_url: str = "https://api.stripe.com"
    # Where Twilio and contacts reach the gateway; without it nothing is known of what becomes of an
    # SMS, and no marketing email is sent.
    public_url: str = Field(default="", pattern=r"^(https?://[^/?#\s]+(/[^?#\s]*)?)?$")
    # Whom the emails and SMS come from that go with notifications and with access to courses.
    notification_from_email: str = ""
    notification_from_name: str = "Treadle"
    notification_from_number: str = ""
    # How long a provider may take to answer before the outcome counts as unknown; a send that
    # turns out unknown costs more than patience does.
    provider_timeout_seconds: float = Field(default=30, gt=0, le=300)

    # Of scripts: the weakest isolation that will do; without it the fleet does not start.
    code_isolation: Isolation = Isolation.NAMESPACES
    code_engine: Literal["jsbox", "quickjs-ng"] = "jsbox"
    # Each may take a whole core and what memory_limit_mb allows.
    code_runs_at_once: int = Field(default=4, ge=1, le=256)
    # Where `treadle modules` has put what scripts may import.
    code_modules_dir: Path | None = None

    @property
    def provider_timeout(self) -> timedelta:
        """As a duration."""
        return timedelta(seconds=self.provider_timeout_seconds)
