"""Endpoints about what is told of messages: addresses, outcomes, callbacks, incoming messages."""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.clock import Clock
from devstack.simulator.answers import invalid, json_response
from devstack.simulator.graph_callbacks import GraphCallbacks, IncomingMessage, PageWebhook
from devstack.simulator.outcomes import Wish
from devstack.simulator.telling import Telling
from devstack.simulator.twilio_callbacks import IncomingSms, TwilioCallbacks


class CallbacksQuery(BaseModel):
    """Query of `GET /callbacks`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str | None = None
    limit: int = Field(default=100, ge=1, le=1_000)
    offset: int = Field(default=0, ge=0)


class TellingViews:
    """The endpoints."""

    def __init__(
        self, telling: Telling, twilio: TwilioCallbacks, graph: GraphCallbacks, clock: Clock
    ) -> None:
        self._telling = telling
        self._twilio = twilio
        self._graph = graph
        self._clock = clock

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route("/webhooks", self.get_webhooks, methods=["GET"]),
            Route("/outcomes", self.get_outcomes, methods=["GET"]),
            Route("/outcomes", self.set_outcome, methods=["POST"]),
            Route("/outcomes", self.clear_outcomes, methods=["DELETE"]),
            Route("/callbacks", self.list_callbacks, methods=["GET"]),
            Route("/incoming", self.receive, methods=["POST"]),
            Route("/incoming/messenger", self.receive_messenger, methods=["POST"]),
            Route("/webhooks/meta", self.subscribe_page, methods=["POST"]),
        ]

    async def get_webhooks(self, request: Request) -> Response:
        """The addresses."""
        return json_response(200, asdict(self._telling.webhooks.addresses))

    async def get_outcomes(self, request: Request) -> Response:
        """The outcomes that were asked for."""
        return json_response(200, {"outcomes": self._telling.outcomes.describe()})

    async def set_outcome(self, request: Request) -> Response:
        """Ask for an outcome."""
        try:
            wish = Wish.model_validate_json(await request.body())
        except ValidationError as error:
            return invalid(error)
        self._telling.outcomes.set(wish)
        return await self.get_outcomes(request)

    async def clear_outcomes(self, request: Request) -> Response:
        """Everything arrives again."""
        self._telling.outcomes.clear()
        return await self.get_outcomes(request)

    async def list_callbacks(self, request: Request) -> Response:
        """What was posted, newest first; of one message in order."""
        try:
            query = CallbacksQuery.model_validate(dict(request.query_params))
        except ValidationError as error:
            return invalid(error)
        callbacks = self._telling.callbacks
        records = (
            callbacks.records(offset=query.offset, limit=query.limit)
            if query.message_id is None
            else callbacks.of_message(query.message_id)
        )
        return json_response(200, {**callbacks.summary(), "callbacks": list(records)})

    async def receive(self, request: Request) -> Response:
        """Post what somebody writes to a number of ours."""
        try:
            sms = IncomingSms.model_validate_json(await request.body())
        except ValidationError as error:
            return invalid(error)
        if not self._twilio.incoming(sms):
            why = "nobody has sent from that number, and no address is set for Twilio"
            return json_response(409, {"error": why})
        return json_response(202, {"status": "accepted"})

    async def receive_messenger(self, request: Request) -> Response:
        """Post what a person writes to a page."""
        try:
            message = IncomingMessage.model_validate_json(await request.body())
        except ValidationError as error:
            return invalid(error)
        if not self._graph.incoming(message, self._clock.now()):
            return json_response(409, {"error": "no address is set for Meta"})
        return json_response(202, {"status": "accepted"})

    async def subscribe_page(self, request: Request) -> Response:
        """Set where what happens on a page is told."""
        try:
            webhook = PageWebhook.model_validate_json(await request.body())
        except ValidationError as error:
            return invalid(error)
        self._graph.subscribe(webhook)
        return json_response(200, webhook.model_dump())
