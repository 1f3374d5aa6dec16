"""Puts the simulator together: the providers' own paths, and the simulator's."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from common.clock import SYSTEM_CLOCK, Clock
from devstack.simulator.call import Provider
from devstack.simulator.exchange import Exchange
from devstack.simulator.failures import FailurePlan
from devstack.simulator.graph import Graph
from devstack.simulator.graph_callbacks import GraphCallbacks
from devstack.simulator.inbox import Inbox
from devstack.simulator.sendgrid import SendGrid
from devstack.simulator.sendgrid_activity import SendGridActivity
from devstack.simulator.sendgrid_events import SendGridEvents
from devstack.simulator.sink import Sink
from devstack.simulator.stripe import Stripe
from devstack.simulator.stripe_events import StripeEvents
from devstack.simulator.telling import Telling
from devstack.simulator.telling_views import TellingViews
from devstack.simulator.twilio import Twilio
from devstack.simulator.twilio_callbacks import TwilioCallbacks
from devstack.simulator.twilio_calls import TwilioCalls
from devstack.simulator.views import Views

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What callers must present; None takes anything that is not empty."""

    sendgrid_api_key: SecretStr | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    stripe_api_key: SecretStr | None = None
    # Of a Facebook page; with the app's secret its proof is demanded too.
    graph_page_token: SecretStr | None = None
    graph_app_secret: SecretStr | None = None


class Simulator:
    """The inbox, the failure plan and the application around them."""

    def __init__(
        self,
        *,
        inbox: Inbox | None = None,
        credentials: Credentials | None = None,
        telling: Telling | None = None,
        chance: random.Random | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Without `telling` nothing is told of what becomes of messages."""
        known = credentials or Credentials()
        self.inbox = inbox or Inbox()
        self.plan = FailurePlan(chance)
        self.stopping = asyncio.Event()
        exchange = Exchange(self.plan, self.stopping, clock)
        events = SendGridEvents(telling) if telling is not None else None
        callbacks = TwilioCallbacks(telling, self.inbox) if telling is not None else None
        sendgrid = SendGrid(self.inbox, _reveal(known.sendgrid_api_key), events)
        activity = SendGridActivity(self.inbox, sendgrid, _reveal(known.sendgrid_api_key))
        twilio = Twilio(
            self.inbox, known.twilio_account_sid, _reveal(known.twilio_auth_token), callbacks
        )
        calls = TwilioCalls(twilio, self.inbox, telling)
        payments = StripeEvents(telling) if telling is not None else None
        stripe = Stripe(self.inbox, _reveal(known.stripe_api_key), payments)
        pages = GraphCallbacks(telling) if telling is not None else None
        graph = Graph(
            self.inbox, _reveal(known.graph_page_token), _reveal(known.graph_app_secret), pages
        )
        more = (
            TellingViews(telling, callbacks, pages, clock).routes()
            if telling and callbacks and pages
            else ()
        )
        self.app = Starlette(
            routes=[
                Route("/v3/messages", _endpoint(exchange, activity), methods=["GET"]),
                *_provider_routes(exchange, sendgrid, twilio, Sink(self.inbox)),
                *_call_routes(exchange, calls),
                *_stripe_routes(exchange, stripe),
                Route("/{version}/{page}/messages", _endpoint(exchange, graph), methods=ANY_METHOD),
                *Views(self.inbox, self.plan, telling).routes(),
                *more,
            ]
        )


def _provider_routes(
    exchange: Exchange, sendgrid: SendGrid, twilio: Twilio, sink: Sink
) -> list[Route]:
    messages = "/2010-04-01/Accounts/{account}/Messages"
    return [
        Route("/v3/mail/send", _endpoint(exchange, sendgrid), methods=["POST"]),
        Route(f"{messages}.json", _endpoint(exchange, twilio), methods=["GET", "POST"]),
        Route(f"{messages}/{{message}}.json", _endpoint(exchange, twilio), methods=["GET"]),
        Route("/sink/{name}", _endpoint(exchange, sink), methods=ANY_METHOD),
        Route("/sink/{name}/{rest:path}", _endpoint(exchange, sink), methods=ANY_METHOD),
    ]


def _call_routes(exchange: Exchange, calls: TwilioCalls) -> list[Route]:
    path = "/2010-04-01/Accounts/{account}/Calls"
    serve = _endpoint(exchange, calls)
    return [
        Route(f"{path}.json", serve, methods=["GET", "POST"]),
        Route(f"{path}/{{call}}.json", serve, methods=["GET", "POST"]),
        Route(f"{path}/{{call}}/Recordings.json", serve, methods=["GET"]),
    ]


def _stripe_routes(exchange: Exchange, stripe: Stripe) -> list[Route]:
    # Any path below /v1: what is not simulated is answered as Stripe answers what it has not.
    serve = _endpoint(exchange, stripe)
    return [
        Route("/v1/{kind}", serve, methods=ANY_METHOD),
        Route("/v1/{kind}/{id:path}", serve, methods=ANY_METHOD),
    ]


def _endpoint(exchange: Exchange, provider: Provider) -> Callable[[Request], Awaitable[ASGIApp]]:
    async def endpoint(request: Request) -> ASGIApp:
        return await exchange.serve(provider, request)

    return endpoint


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
