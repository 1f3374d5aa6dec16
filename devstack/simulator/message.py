"""One delivery to one recipient, and its JSON: what the inbox keeps, serves and writes down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from devstack.simulator.call import JsonObject, as_object, as_text

# The names, in order of preference, under which a caller may give the key of what is sent once: a
# delivery, of which a step may bring about several, or a workflow step.
STEP_KEYS = ("step_key", "delivery_id", "action_execution_id", "idempotency_key")


@dataclass(frozen=True, slots=True)
class Message:
    """What a provider accepted. `id` is the provider's; `details` hold what only it knows."""

    provider: str
    id: str
    to: str
    sender: str
    subject: str
    text: str
    html: str
    custom_args: Mapping[str, str]
    received_at: datetime
    details: JsonObject = field(default_factory=dict[str, object])

    @property
    def step_key(self) -> str | None:
        """The key of the step that sent it, the same over all attempts."""
        return next((self.custom_args[n] for n in STEP_KEYS if self.custom_args.get(n)), None)

    def encode(self, number: int) -> bytes:
        """As JSON."""
        return orjson.dumps(
            {
                "number": number,
                "provider": self.provider,
                "id": self.id,
                "to": self.to,
                "from": self.sender,
                "subject": self.subject,
                "text": self.text,
                "html": self.html,
                "step_key": self.step_key,
                "attempt_id": self.custom_args.get("attempt_id"),
                "custom_args": dict(self.custom_args),
                "details": self.details,
                "received_at": self.received_at,
            },
            option=orjson.OPT_UTC_Z,
        )

    @classmethod
    def decode(cls, data: bytes) -> "Message":
        """From JSON. Raises ValueError when it is none of ours."""
        body = as_object(orjson.loads(data))
        if body is None or "received_at" not in body:
            raise ValueError("not a message")
        arguments = as_object(body.get("custom_args")) or {}
        return cls(
            provider=as_text(body.get("provider")),
            id=as_text(body.get("id")),
            to=as_text(body.get("to")),
            sender=as_text(body.get("from")),
            subject=as_text(body.get("subject")),
            text=as_text(body.get("text")),
            html=as_text(body.get("html")),
            custom_args={name: as_text(value) for name, value in arguments.items()},
            received_at=datetime.fromisoformat(as_text(body["received_at"])),
            details=as_object(body.get("details")) or {},
        )
