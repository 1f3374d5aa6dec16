"""Stripe's API: authentication, idempotency keys, errors in its shape, and the inbox.

Source: Stripe's API reference: "Authentication", "Errors", "Idempotent requests". The answer to a
request with a key is kept from the moment that it was carried out, declined payments too; what was
refused before that (400, 401, 404) is not, so that it can be mended and tried again.
"""

import base64
import binascii
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from urllib.parse import urlencode

import orjson

from devstack.simulator.call import Answer, Call, JsonObject, as_object, as_text, json_answer
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.stripe_events import StripeEvents
from devstack.simulator.stripe_forms import Form, Refusal
from devstack.simulator.stripe_objects import StripeObjects

KEEP_KEYS = 100_000
MAX_KEY = 255

_FAILURES = {
    400: Refusal(400, "Invalid request."),
    401: Refusal(401, "Invalid API Key provided: sk_test_****"),
    402: Refusal(
        402,
        "Your card was declined.",
        type="card_error",
        code="card_declined",
        decline_code="generic_decline",
    ),
    403: Refusal(403, "The provided key does not have the required permissions."),
    404: Refusal(404, "Unrecognized request URL."),
    409: Refusal(
        409,
        "There is currently another in-progress request using this Idempotent Key.",
        code="idempotency_key_in_use",
    ),
    413: Refusal(413, "Request body too large."),
    429: Refusal(429, "Too many requests hit the API too quickly.", code="rate_limit"),
}
_OURS = Refusal(500, "Sorry, something went wrong on our end.", type="api_error")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """The first answer to a key, and what it was the answer to."""

    fingerprint: bytes
    request_id: str
    answer: Answer


class Stripe:
    """PaymentIntents, subscriptions, refunds and customers of one account."""

    name = "stripe"
    max_body = 256 * 1024

    def __init__(
        self, inbox: Inbox, api_key: str | None = None, events: StripeEvents | None = None
    ) -> None:
        """Without `events` nobody is told of anything."""
        self._inbox = inbox
        self._events = events
        self._api_key = api_key
        self._objects = StripeObjects(self._restore)
        self._answers: OrderedDict[str, _Remembered] = OrderedDict()
        self._numbers = count(1)
        self._run = secrets.token_hex(5)

    def recipients(self, call: Call) -> frozenset[str]:
        """The customer, payment or subscription that the call is about."""
        try:
            values = _form(call).values
        except Refusal:
            return frozenset()
        named = [as_text(values.get(name)) for name in ("customer", "payment_intent")]
        return frozenset(name for name in (*named, call.params.get("id", "")) if name)

    def failure(self, status: int) -> Answer:
        """Stripe's error body for a status."""
        refusal = _FAILURES.get(status, _OURS)
        return json_answer(status, refusal.describe(), {"Request-Id": self._request_id()})

    def handle(self, call: Call) -> Answer:
        """Check the credentials, look the key up, carry the request out."""
        request_id = self._request_id()
        headers = {"Request-Id": request_id}
        if version := call.headers.get("stripe-version"):
            headers["Stripe-Version"] = version
        try:
            if not self._authenticated(call):
                return replace(self.failure(401), headers=headers)
            key = call.headers.get("idempotency-key", "") if call.method == "POST" else ""
            if not key:
                return self._carry_out(call, headers)
            return self._once(call, key, headers)
        except Refusal as refusal:
            return json_answer(refusal.status, refusal.describe(), headers)

    def _once(self, call: Call, key: str, headers: Mapping[str, str]) -> Answer:
        if len(key) > MAX_KEY:
            raise Refusal(400, f"Idempotency keys have at most {MAX_KEY} characters.")
        headers = {**headers, "Idempotency-Key": key}
        parts = b"\0".join((call.path.encode(), call.body))
        fingerprint = blake2b(parts, digest_size=16).digest()
        if first := self._answers.get(key):
            if first.fingerprint != fingerprint:
                raise Refusal(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they "
                    f"were first used with. Try using a key other than '{key}' if you meant to "
                    "execute a different request.",
                    type="idempotency_error",
                )
            again = {"Original-Request": first.request_id, "Idempotent-Replayed": "true"}
            return replace(first.answer, headers={**headers, **again}, accepted=0)
        try:
            answer = self._carry_out(call, headers)
        except Refusal as refusal:
            if refusal.status != 402:
                raise
            answer = json_answer(refusal.status, refusal.describe(), headers)
        self._answers[key] = _Remembered(fingerprint, headers["Request-Id"], answer)
        if len(self._answers) > KEEP_KEYS:
            self._answers.popitem(last=False)
        return answer

    def _carry_out(self, call: Call, headers: Mapping[str, str]) -> Answer:
        form, objects, found = _form(call), self._objects, call.params.get("id", "")
        match call.method, call.params["kind"], bool(found):
            case "GET", "customers", True:
                return json_answer(200, objects.customer(found), headers)
            case "GET", ("payment_intents" | "subscriptions" | "refunds") as kind, True:
                return json_answer(200, objects.find(kind.removesuffix("s"), found), headers)
            case _:
                before = objects.as_kept(found)
        try:
            made = self._make(call, form, found)
        except Refusal as refusal:
            if refusal.made is not None:
                self._tell(call, refusal.made, None)
            raise
        self._record(call, form, made)
        self._tell(call, made, before)
        return replace(json_answer(200, made, headers), accepted=1)

    def _make(self, call: Call, form: Form, found: str) -> JsonObject:
        now, objects = call.received_at, self._objects
        match call.method, call.params["kind"], bool(found):
            case "POST", "payment_intents", False:
                return objects.create_intent(form, now)
            case "POST", "subscriptions", False:
                return objects.create_subscription(form, now)
            case "POST", "subscriptions", True:
                return objects.update_subscription(found, form, now)
            case "DELETE", "subscriptions", True:
                return objects.cancel_subscription(found, form, now)
            case "POST", "refunds", False:
                return objects.create_refund(form, now)
            case _:
                raise Refusal(404, f"Unrecognized request URL ({call.method}: {call.path}).")

    def _tell(self, call: Call, made: JsonObject, before: JsonObject | None) -> None:
        """Post what Stripe tells of it; `before` is the object as it was."""
        if self._events is None:
            return
        version = call.headers.get("stripe-version", "")
        match as_text(made["object"]):
            case "payment_intent":
                self._events.paid(made, version)
            case "refund":
                intent = self._objects.find("payment_intent", as_text(made["payment_intent"]))
                self._events.refunded(made, intent, version)
            case _ if before is None:
                self._events.subscribed(made, version)
            case _:
                self._events.changed(made, before, version)

    def _authenticated(self, call: Call) -> bool:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return bool(given) and given == (self._api_key or given)

    def _record(self, call: Call, form: Form, made: JsonObject) -> None:
        metadata = as_object(made["metadata"]) or {}
        arguments = {
            name.removeprefix("treadle_"): as_text(value)
            for name, value in metadata.items()
            if name.startswith("treadle_")
        }
        # A change of what another step has made is not that step's doing.
        if key := call.headers.get("idempotency-key"):
            arguments["action_execution_id"] = key
        elif call.method != "POST":
            arguments.pop("action_execution_id", None)
        self._inbox.add(
            Message(
                provider=self.name,
                id=as_text(made["id"]),
                to=as_text(made.get("customer")) or as_text(made.get("payment_intent")),
                sender=as_text(made.get("payment_method")),
                subject=_subject(call, made),
                text=as_text(made.get("description")) or as_text(made.get("reason")),
                html="",
                custom_args=arguments,
                received_at=call.received_at,
                details={
                    "request": form.values,
                    "object": made,
                    "api_version": call.headers.get("stripe-version"),
                },
            )
        )

    def _restore(self, object_id: str) -> JsonObject | None:
        kept = self._inbox.find_by_id(self.name, object_id)
        if kept is None:
            return None
        details = as_object(orjson.loads(kept)["details"]) or {}
        return as_object(details.get("object"))

    def _request_id(self) -> str:
        return f"req_{self._run}{next(self._numbers):08d}"


def _form(call: Call) -> Form:
    """A POST's body; other methods carry their parameters in the query."""
    if call.method != "POST":
        return Form(urlencode(dict(call.query)))
    kind = call.headers.get("content-type", "").partition(";")[0].strip()
    if call.body and kind != "application/x-www-form-urlencoded":
        raise Refusal(400, f"Invalid request (check that your POST content type is "
                      f"application/x-www-form-urlencoded, not {kind}).")  # fmt: skip
    return Form(call.body.decode("utf-8", "replace"))


def _subject(call: Call, made: JsonObject) -> str:
    """What people call it."""
    amount = f"{made.get('amount')} {as_text(made.get('currency')).upper()} (smallest unit)"
    match as_text(made["object"]):
        case "payment_intent":
            return f"Payment of {amount}"
        case "refund":
            return f"Refund of {amount}"
        case _ if made["status"] == "canceled":
            return f"Cancellation of {made['id']}"
        case _ if made["cancel_at_period_end"]:
            return f"Cancellation of {made['id']} at the end of the period"
        case _:
            return f"Subscription {made['id']}"
