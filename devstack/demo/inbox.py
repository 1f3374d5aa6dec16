"""What the simulated providers received, and whether that is exactly what should have been sent."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue

_PAGE = 1_000
# How what an action sends reaches its contact.
_SENT = {
    "send_email": "email",
    "send_sms": "SMS",
    "webhook_call": "webhook",
    "grant_course_access": "email",
}


class Received(BaseModel):
    """One message that a simulated provider accepted."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    number: int
    provider: str
    to: str
    subject: str
    text: str
    html: str
    details: dict[str, JsonValue]

    @property
    def body(self) -> dict[str, JsonValue]:
        """The JSON body of a webhook call; empty for anything else."""
        body = self.details.get("body")
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom each step's message should have reached."""

    contact_id: str
    email: str
    phone: str


def read_inbox(simulator_url: str) -> list[Received]:
    """Return everything that was received, in order."""
    received: list[Received] = []
    with httpx.Client(base_url=simulator_url, timeout=30, trust_env=False) as http:
        while True:
            query = {"limit": _PAGE, "offset": len(received)}
            answer = http.get("/inbox", params=query).raise_for_status().json()
            page = [Received.model_validate(item) for item in answer["messages"]]
            received += page
            if not page or len(received) >= answer["total"]:
                return received


def callbacks_waiting(simulator_url: str) -> int:
    """How much the simulated providers have still to tell of what they received."""
    answer = httpx.get(f"{simulator_url}/callbacks", params={"limit": 1}, trust_env=False)
    return int(answer.raise_for_status().json()["waiting"])


def sent_by(action_types: Iterable[str]) -> Counter[str]:
    """How many messages of each kind the actions send to one contact."""
    return Counter(_SENT[action_type] for action_type in action_types if action_type in _SENT)


def discrepancies(
    received: Iterable[Received], recipients: Sequence[Recipient], action_types: Sequence[str]
) -> list[str]:
    """Compare what was received with one message for each contact and sending step.

    Returns a line for every message that is missing, doubled or addressed to nobody known.
    """
    steps = sent_by(action_types)
    wanted: Counter[tuple[str, str]] = Counter()
    for person in recipients:
        wanted["email", person.email.lower()] += steps["email"]
        wanted["SMS", person.phone] += steps["SMS"]
        wanted["webhook", person.contact_id] += steps["webhook"]
    found = Counter(_addressee(message) for message in received)
    return [
        f"{kind} to {who}: {found[kind, who]} received, {wanted[kind, who]} wanted"
        for kind, who in sorted(wanted.keys() | found.keys())
        if found[kind, who] != wanted[kind, who]
    ]


def _addressee(message: Received) -> tuple[str, str]:
    if message.provider == "sendgrid":
        return "email", message.to.lower()
    if message.provider == "twilio":
        return "SMS", message.to
    return "webhook", str(message.body.get("contact_id", "nobody"))
