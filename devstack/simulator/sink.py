"""A webhook receiver: takes anything at `/sink/{name}`, remembers it and says back what it got."""

import secrets
from itertools import count

import orjson

from devstack.simulator.call import Answer, Call, JsonObject, json_answer, treadle_ids
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message


class Sink:
    """Any number of named receivers."""

    name = "sink"
    max_body = 1024 * 1024

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._numbers = count(1)
        self._run = secrets.token_hex(4)

    def recipients(self, call: Call) -> frozenset[str]:
        """The name in the path: a sink's recipient is the sink itself."""
        return frozenset({call.params["name"]})

    def failure(self, status: int) -> Answer:
        """A plain JSON error body."""
        return json_answer(status, {"error": {"status": status, "message": "told to fail"}})

    def handle(self, call: Call) -> Answer:
        """Record the request and answer 200 with it."""
        text = call.body.decode("utf-8", "replace")
        received: JsonObject = {
            "method": call.method,
            "path": call.path,
            "query": dict(call.query),
            "headers": dict(call.headers),
            "body": _read(call.body, text),
        }
        message = Message(
            provider=self.name,
            id=f"{self._run}-{next(self._numbers)}",
            to=call.params["name"],
            sender=call.headers.get("user-agent", ""),
            subject=f"{call.method} {call.path}",
            text=text,
            html="",
            custom_args=treadle_ids(call.headers),
            received_at=call.received_at,
            details=received,
        )
        self._inbox.add(message)
        echo = {"id": message.id, "name": message.to, **received}
        body = orjson.dumps({**echo, "received_at": call.received_at}, option=orjson.OPT_UTC_Z)
        return Answer(200, body, accepted=1)


def _read(body: bytes, text: str) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return text
