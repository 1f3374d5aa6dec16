"""Bodies of the health endpoints."""

from typing import Literal

from pydantic import Field

from gateway.models.base import Resource


class Liveness(Resource):
    """The process is up."""

    status: Literal["ok"] = "ok"


class Readiness(Resource):
    """The process can serve."""

    status: Literal["ready"] = "ready"
    services: dict[str, str] = Field(
        description="What each service behind the gateway says of itself.",
        examples=[{"action_service": "serving", "scheduler_service": "serving"}],
    )
