"""What an operator sets for the gateway."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from common.event_webhook_key import event_webhook_key
from common.settings import ProcessSettings


def _public_key(text: str) -> str:
    if text:
        event_webhook_key(text)
    return text


Secret = Annotated[SecretStr, Field(min_length=1)]


class GatewaySettings(ProcessSettings):
    """Read from TREADLE_GATEWAY_* and the shared logging variables.

    The secrets are for what providers post; without them the gateway holds none.
    """

    model_config = SettingsConfigDict(env_prefix="TREADLE_GATEWAY_")

    # host:port; port 0 picks a free one. Without a metrics address none are served.
    listen: str = "127.0.0.1:8080"
    metrics_listen: str = ""
    # gRPC host:port of the services.
    api_target: str = Field(default="127.0.0.1:50051", min_length=1)
    scheduler_target: str = Field(default="127.0.0.1:50052", min_length=1)
    call_timeout_seconds: float = Field(default=10, gt=0, le=300)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024, le=4 * 1024 * 1024)
    body_timeout_seconds: float = Field(default=30, gt=0, le=300)
    # Of files of contacts; the service takes no more than 50 MiB.
    max_upload_bytes: int = Field(default=50 * 1024 * 1024, ge=1024, le=50 * 1024 * 1024)
    upload_timeout_seconds: float = Field(default=300, gt=0, le=3600)
    # Requests and event streams at once; more are turned away (429).
    max_in_flight: int = Field(default=1000, ge=1)
    # Of these, event streams, which last: the others must not want for room.
    max_event_streams: int = Field(default=500, ge=1)
    # Bytes of bodies that are held at once; what would be more is turned away (429).
    max_held_bytes: int = Field(default=64 * 1024 * 1024, ge=3 * 1024 * 1024)
    # Between the comments that keep an event stream open.
    heartbeat_seconds: float = Field(default=15, gt=0, le=300)
    # After SIGTERM: how long requests are still taken, as it takes load balancers to notice that
    # the gateway is not ready any more; and how long those under way may then take.
    drain_seconds: float = Field(default=0, ge=0, le=60)
    stop_grace_seconds: float = Field(default=6, gt=0, le=300)
    # A JSON array of the origins whose pages may call; none by default.
    cors_origins: tuple[str, ...] = ()

    # Where providers reach us, such as https://treadle.example.com: Twilio signs the URL, and a
    # proxy in front changes it. Empty for the one that requests name.
    public_url: str = Field(default="", pattern=r"^(https?://[^/?#\s]+(/[^?#\s]*)?)?$")
    max_inbound_bytes: int = Field(default=3 * 1024 * 1024, ge=1024, le=3 * 1024 * 1024)
    # What each provider signs with; those without are answered 404, and all without the token.
    twilio_auth_token: Secret | None = None
    sendgrid_public_key: Annotated[str, AfterValidator(_public_key)] = ""
    meta_app_secret: Secret | None = None
    meta_verify_token: Secret | None = None
    stripe_webhook_secret: Secret | None = None
    # The gateway's own identity, with which it hands on what providers post.
    service_token: Secret | None = None

    @property
    def call_timeout(self) -> timedelta:
        """How long a service may take to answer."""
        return timedelta(seconds=self.call_timeout_seconds)

    @property
    def body_timeout(self) -> timedelta:
        """How long a body may take to arrive."""
        return timedelta(seconds=self.body_timeout_seconds)

    @property
    def upload_timeout(self) -> timedelta:
        """How long a file may take to arrive."""
        return timedelta(seconds=self.upload_timeout_seconds)

    @property
    def heartbeat(self) -> timedelta:
        """Between the comments of an event stream."""
        return timedelta(seconds=self.heartbeat_seconds)

    @property
    def stop_within(self) -> timedelta:
        """How long the end may take after SIGTERM."""
        return timedelta(seconds=self.drain_seconds + self.stop_grace_seconds + 1)
