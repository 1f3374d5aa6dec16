"""Puts the application together: routes, error handling and what surrounds every request."""

import asyncio
from http import HTTPStatus
from typing import Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from gateway import VERSION, faults, openapi, problems
from gateway.events import StreamSettings
from gateway.inbound.desk import PREFIX as INBOUND
from gateway.inbound.desk import InboundDesk
from gateway.middleware import BodyLimit, BodyLimits, RequestScope
from gateway.rates import RateLimit
from gateway.routes import (
    account,
    actions,
    audit,
    branches,
    catalog,
    compliance,
    contact_imports,
    contacts,
    course_accesses,
    credentials,
    dead_letters,
    docs,
    event_types,
    events,
    executions,
    health,
    inbound,
    messages,
    notifications,
    operations,
    preferences,
    privacy,
    providers,
    records,
    templates,
    timers,
    triggers,
    unknown_sends,
    waits,
    workflows,
)
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream

_ROUTERS: Final = (
    actions.router,
    workflows.router,
    triggers.router,
    event_types.router,
    branches.router,
    executions.router,
    waits.router,
    operations.router,
    messages.router,
    events.router,
    unknown_sends.router,
    dead_letters.router,
    audit.router,
    contacts.router,
    privacy.router,
    contact_imports.router,
    *records.routers,
    notifications.router,
    course_accesses.router,
    compliance.router,
    account.router,
    templates.router,
    credentials.router,
    providers.router,
    catalog.router,
    timers.router,
    health.router,
    docs.router,
    inbound.router,
    preferences.router,
)
_DESCRIPTION: Final = """\
Runs the action steps of marketing and CRM workflows.

Every call to `/api/v1` needs a bearer token. Errors are RFC 9457 problem documents whose `reason`
is stable and whose `errors` point at each wrong value. `POST` takes an `Idempotency-Key`; changes
take the `ETag` that was read as `If-Match`.
"""


def create_app(settings: GatewaySettings, upstream: Upstream, streams: StreamSettings) -> FastAPI:
    """The application; it holds nothing but what it is given."""
    app = FastAPI(
        title="Treadle",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=_middleware(settings, streams.stopping),
    )
    app.state.upstream = upstream
    app.state.streams = streams
    app.state.inbound = InboundDesk(settings, upstream)
    app.state.preference_rates = RateLimit(preferences.RATE_LIMIT, preferences.RATE_WINDOW)
    app.state.methods = _methods()
    for router in _ROUTERS:
        app.include_router(router)
    app.add_exception_handler(problems.RefusedError, _refused)
    app.add_exception_handler(problems.InvalidRequestError, _invalid)
    app.add_exception_handler(RequestValidationError, _rejected)
    app.add_exception_handler(HTTPException, _http)
    app.state.openapi = openapi.OpenApi(app)
    return app


def _middleware(settings: GatewaySettings, stopping: asyncio.Event) -> list[Middleware]:
    layers = [Middleware(RequestScope, max_in_flight=settings.max_in_flight, stopping=stopping)]
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
                allow_headers=(
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "If-Match",
                    "Last-Event-ID",
                    "X-Request-Id",
                ),
                expose_headers=("ETag", "Location", "Retry-After", "X-Request-Id"),
            )
        )
    upload = BodyLimit(settings.max_upload_bytes, settings.upload_timeout)
    layers.append(
        Middleware(
            BodyLimits,
            limit=BodyLimit(settings.max_body_bytes, settings.body_timeout),
            uploads={contact_imports.PATH: upload},
            below={
                INBOUND: BodyLimit(settings.max_inbound_bytes, settings.body_timeout),
                preferences.PREFIX: BodyLimit(preferences.MAX_BODY_BYTES, settings.body_timeout),
            },
            most_held=settings.max_held_bytes,
        )
    )
    return layers


async def _refused(_: Request, error: Exception) -> Response:
    refused = cast("problems.RefusedError", error)
    return problems.from_treadle_error(refused.error, refused.fields)


async def _invalid(_: Request, error: Exception) -> Response:
    return problems.from_invalid_request(cast("problems.InvalidRequestError", error))


async def _rejected(_: Request, error: Exception) -> Response:
    found = faults.from_fastapi(cast("RequestValidationError", error))
    return problems.from_invalid_request(found)


async def _http(request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names the methods of the first route with this path only.
        path: str = getattr(request.scope.get("route"), "path", "")
        allowed: set[str] = request.app.state.methods.get(path, set())
        refused.headers = {"Allow": ", ".join(sorted(allowed))}
    return problems.from_http_exception(refused)


def _methods() -> dict[str, set[str]]:
    """The methods of each path."""
    methods: dict[str, set[str]] = {}
    for router in _ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                methods.setdefault(route.path, set()).update(route.methods or ())
    return methods
