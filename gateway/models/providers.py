"""Bodies of the provider endpoints: limits and circuits of an account's calls."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Body, ProtoEnum, Resource, examples
from treadle.traffic.v1 import traffic_pb2

CIRCUIT_STATE = ProtoEnum(traffic_pb2.CircuitState)

StateShown = Annotated[str, CIRCUIT_STATE.documented]


class ProviderLimit(Resource):
    """How many calls the account may make."""

    per_second: int = Field(description="Calls a second; 0 for any number.")
    burst: int = Field(description="Calls that may be made at once after a quiet while.")
    own: bool = Field(description="Set by the account; else the deployment's default.")


class Provider(Resource):
    """How the account's calls to one other party stand."""

    peer: str = Field(
        description="`sendgrid`, `twilio`, `twilio_voice`, `facebook`, `stripe`, or "
        "`webhook:<host>`.",
        examples=["twilio"],
    )
    label: str = Field(examples=["Twilio"])
    state: StateShown = Field(
        description="Whether calls go through: `closed` when they do, `open` when too many have "
        "failed and none is made, `half_open` while a few are made to see whether it works again."
    )
    changed_at: datetime | None
    open_until: datetime | None = Field(description="When calls are tried again.")
    trips: int = Field(description="How often the circuit has opened in a row.")
    paused_until: datetime | None = Field(description="The provider has asked for a pause.")
    successes: int = Field(description="Calls that were answered in the last half minute or so.")
    failures: int = Field(
        description="Calls of that time that failed in a way that speaks of the provider's health."
    )
    last_error: str | None = Field(examples=["network_timeout"])
    limit: ProviderLimit


class ProviderList(Resource):
    """The known providers, then the hosts of webhooks that the account has called lately."""

    providers: list[Provider]


class SetProviderLimitBody(Body):
    """How many calls the account may make."""

    model_config = examples({"per_second": 20, "burst": 100})

    per_second: int = Field(ge=0, le=100_000, description="Calls a second; 0 for any number.")
    burst: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="Calls that may be made at once after a quiet while; as many as `per_second` "
        "when left out.",
    )
