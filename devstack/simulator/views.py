"""Endpoints of the simulator itself: the inbox, its page, and the failure control."""

from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devstack.simulator import page
from devstack.simulator.answers import JSON, invalid, json_response
from devstack.simulator.failures import Control, FailurePlan
from devstack.simulator.inbox import Inbox
from devstack.simulator.telling import Telling


class InboxQuery(BaseModel):
    """Query of `GET /inbox`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str | None = None
    to: str | None = None
    sender: str | None = Field(default=None, alias="from")
    step_key: str | None = None
    limit: int = Field(default=100, ge=1, le=1_000)
    offset: int = Field(default=0, ge=0)
    order: Literal["asc", "desc"] = "asc"


class Views:
    """The endpoints, bound to one inbox, one failure plan and what is told of messages."""

    def __init__(self, inbox: Inbox, plan: FailurePlan, telling: Telling | None = None) -> None:
        self._inbox = inbox
        self._plan = plan
        self._telling = telling

    def routes(self) -> list[Route]:
        """What to mount."""
        return [
            Route("/", self.show_inbox, methods=["GET"]),
            Route("/messages/{number:int}", self.show_message, methods=["GET"]),
            Route("/page.js", self.script, methods=["GET"]),
            Route("/inbox", self.list_messages, methods=["GET"]),
            Route("/inbox", self.clear_messages, methods=["DELETE"]),
            Route("/inbox/summary", self.summary, methods=["GET"]),
            Route("/inbox/{number:int}", self.get_message, methods=["GET"]),
            Route("/control", self.get_control, methods=["GET"]),
            Route("/control", self.set_control, methods=["POST"]),
            Route("/control", self.clear_control, methods=["DELETE"]),
            Route("/healthz", self.health, methods=["GET"]),
        ]

    async def list_messages(self, request: Request) -> Response:
        """A page of messages as JSON."""
        try:
            query = InboxQuery.model_validate(dict(request.query_params))
        except ValidationError as error:
            return invalid(error)
        found = self._inbox.page(
            provider=query.provider,
            to=query.to,
            sender=query.sender,
            key=query.step_key,
            offset=query.offset,
            limit=query.limit,
            newest_first=query.order == "desc",
        )
        head = {"total": found.total, "offset": query.offset, "limit": query.limit}
        messages = [orjson.Fragment(item) for item in found.items]
        return json_response(200, {**head, "messages": messages})

    async def get_message(self, request: Request) -> Response:
        """One message as JSON."""
        data = self._inbox.find(request.path_params["number"])
        if data is None:
            return json_response(404, {"error": "no such message, or no longer kept"})
        return Response(data, media_type=JSON)

    async def clear_messages(self, request: Request) -> Response:
        """Forget all messages and counts."""
        self._inbox.clear()
        if self._telling is not None:
            self._telling.callbacks.clear()
        return Response(status_code=204)

    async def summary(self, request: Request) -> Response:
        """The counts."""
        return json_response(200, self._inbox.summary())

    async def get_control(self, request: Request) -> Response:
        """The failure rules."""
        return json_response(200, {"rules": self._plan.describe()})

    async def set_control(self, request: Request) -> Response:
        """Put a failure rule in force."""
        try:
            control = Control.model_validate_json(await request.body())
        except ValidationError as error:
            return invalid(error)
        self._plan.set(control)
        return await self.get_control(request)

    async def clear_control(self, request: Request) -> Response:
        """Remove all failure rules."""
        self._plan.clear()
        return await self.get_control(request)

    async def health(self, request: Request) -> Response:
        """Say that it runs."""
        return json_response(200, {"status": "ok"})

    async def show_inbox(self, request: Request) -> Response:
        """The page of the inbox."""
        markup = page.render_inbox(
            self._inbox, self._plan.describe(), request.query_params, self._telling
        )
        return Response(markup, media_type="text/html", headers=page.HEADERS)

    async def show_message(self, request: Request) -> Response:
        """The page of one message."""
        data = self._inbox.find(request.path_params["number"])
        if data is None:
            return Response("no longer kept", status_code=404, media_type="text/plain")
        markup = page.render_message(data, self._telling)
        return Response(markup, media_type="text/html", headers=page.HEADERS)

    async def script(self, request: Request) -> Response:
        """The page's script."""
        return Response(page.asset("page.js"), media_type="text/javascript", headers=page.HEADERS)
