"""SendGrid's Email Activity API: what was sent, found by what is known of it.

Source: SendGrid's "Getting Started with the Email Activity Feed API" and "Filter all messages". Not
every account has it: `/control` with the mode 403 simulates one that has not.
"""

import re
from collections.abc import Callable

import orjson

from devstack.simulator.call import Answer, Call, JsonObject, as_object, as_text, json_answer
from devstack.simulator.inbox import Inbox, InboxLimits
from devstack.simulator.sendgrid import SendGrid, is_authorized

MAX_LIMIT = 1_000

# What SendGrid adds to the id of the request once it has told the recipients apart.
_SUFFIX = ".filterdrecv-simulated-1-5A023E36-1.0"
_CONDITION = re.compile(
    r"""\(?\s*(?P<field>[a-z_]+)(?:\['(?P<argument>[^']+)'\])?\s*(?P<operator>!=|=|LIKE)\s*"""
    r"""(?P<quote>["'])(?P<value>[^"']*)(?P=quote)\s*\)?""",
    re.IGNORECASE,
)
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)

Matches = Callable[[JsonObject, JsonObject], bool]


class SendGridActivity:
    """`GET /v3/messages`."""

    name = "sendgrid"
    max_body = 0

    def __init__(self, inbox: Inbox, mail: SendGrid, api_key: str | None = None) -> None:
        self._inbox = inbox
        self._mail = mail
        self._api_key = api_key

    def recipients(self, call: Call) -> frozenset[str]:
        """None: a search addresses nobody."""
        del call
        return frozenset()

    def failure(self, status: int) -> Answer:
        """SendGrid's error body for a status."""
        return self._mail.failure(status)

    def handle(self, call: Call) -> Answer:
        """Check credentials and query; answer with the newest messages that match."""
        if not is_authorized(call, self._api_key):
            return self.failure(401)
        limit = call.query.get("limit", "")
        matches = _query(call.query.get("query", ""))
        if matches is None or not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
            return self.failure(400)
        found: list[JsonObject] = []
        page = self._inbox.page(provider=self.name, limit=InboxLimits().messages, newest_first=True)
        for data in page.items:
            kept: JsonObject = orjson.loads(data)
            resource = _resource(kept)
            if matches(resource, as_object(kept.get("custom_args")) or {}):
                found.append(resource)
            if len(found) == int(limit):
                break
        return json_answer(200, {"messages": found})


def _query(text: str) -> Matches | None:
    """The conditions, all of which must hold; None for a query that cannot be read."""
    parts = [_CONDITION.fullmatch(part.strip()) for part in _AND.split(text)] if text else []
    conditions = [part for part in parts if part is not None]
    if len(conditions) != len(parts):
        return None
    return lambda resource, arguments: all(
        _holds(condition, resource, arguments) for condition in conditions
    )


def _holds(condition: re.Match[str], resource: JsonObject, arguments: JsonObject) -> bool:
    if condition["field"] == "unique_args":
        actual = as_text(arguments.get(condition["argument"] or ""))
    else:
        actual = as_text(resource.get(condition["field"]))
    value = condition["value"]
    match condition["operator"].upper():
        case "!=":
            return actual != value
        case "LIKE":
            return actual.startswith(value.removesuffix("%"))
        case _:
            return actual == value


def _resource(kept: JsonObject) -> JsonObject:
    return {
        "from_email": kept["from"],
        "msg_id": f"{kept['id']}{_SUFFIX}",
        "subject": kept["subject"],
        "to_email": kept["to"],
        "status": "delivered",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": kept["received_at"],
    }
