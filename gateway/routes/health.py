"""Whether this process lives, and whether it can serve."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request

from common.errors import ErrorReason, TreadleError
from gateway.events import StreamSettings
from gateway.headers import UpstreamDep
from gateway.models.health import Liveness, Readiness
from gateway.problems import RefusedError
from gateway.upstream import ACTION_SERVICE, SERVING

router: Final = APIRouter(tags=["health"])
_RETRY_AFTER: Final = timedelta(seconds=1)


@router.get("/healthz", operation_id="getLiveness")
async def healthz() -> Liveness:
    """Say that the process is up, whatever it can reach."""
    return Liveness()


@router.get("/readyz", operation_id="getReadiness")
async def readyz(request: Request, upstream: UpstreamDep) -> Readiness:
    """Say whether requests can be served (else 503).

    Without the scheduler only the timers cannot be shown, so its state is reported but does not
    count.
    """
    streams: StreamSettings = request.app.state.streams
    if streams.stopping.is_set():
        raise _not_ready("the gateway is stopping", {})
    services = await upstream.health()
    if services[ACTION_SERVICE] != SERVING:
        raise _not_ready(f"{ACTION_SERVICE} is {services[ACTION_SERVICE]}", services)
    return Readiness(services=services)


def _not_ready(detail: str, services: dict[str, str]) -> RefusedError:
    return RefusedError(
        TreadleError(
            ErrorReason.DEPENDENCY_UNAVAILABLE,
            detail,
            metadata=services,
            retry_after=_RETRY_AFTER,
        )
    )
