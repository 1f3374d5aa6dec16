"""Twilio's status callbacks, of messages and of calls, and incoming messages: a form each.

Source: Twilio's "Track the message status of outbound messages", "Twilio's request to your incoming
message webhook URL", and "StatusCallback" of its Call resource. None has an id of its own; a
message has each status once, and so has a call.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from action_service.domain.deliveries import Channel
from action_service.domain.messages import Fact
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.inbound.reading import digest, no_event
from common.phone_numbers import e164

_RECEIVED = "received"
_FACTS: Mapping[str, Fact] = {
    "accepted": Fact.QUEUED,
    "scheduled": Fact.QUEUED,
    "queued": Fact.QUEUED,
    "sending": Fact.QUEUED,
    "sent": Fact.SENT,
    "delivered": Fact.DELIVERED,
    "undelivered": Fact.UNDELIVERED,
    "failed": Fact.UNDELIVERED,
    "canceled": Fact.UNDELIVERED,
    "read": Fact.READ,
    _RECEIVED: Fact.REPLIED,
}
_CALL_FACTS: Mapping[str, Fact] = {
    "queued": Fact.QUEUED,
    "initiated": Fact.QUEUED,
    "ringing": Fact.RINGING,
    "in-progress": Fact.ANSWERED,
    "completed": Fact.COMPLETED,
    "busy": Fact.BUSY,
    "no-answer": Fact.NO_ANSWER,
    "failed": Fact.FAILED,
    "canceled": Fact.CANCELED,
}
_CALL_DETAILS = {"AnsweredBy": "answered_by", "RecordingUrl": "recording_url", "To": "to"}


def read(body: bytes, query: str, now: datetime) -> Iterator[ProviderEvent]:
    """The event of a request. Raises TreadleError."""
    try:
        form, asked = _form(body.decode()), _form(query)
    except ValueError:
        raise no_event("must be a form in UTF-8") from None
    if not form:
        raise no_event("must be a form")
    payload: dict[str, Json] = {**form, **({"query": {**asked}} if asked else {})}
    message_id = form.get("MessageSid") or form.get("SmsSid")
    call_id, call_status = form.get("CallSid"), form.get("CallStatus")
    if not message_id and call_id and call_status:
        yield _of_call(call_id, call_status.lower(), form, payload, now)
        return
    if not message_id:
        # Of recordings, say.
        yield ProviderEvent(digest({**form}), "other", now, payload)
        return
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if status == _RECEIVED:
        yield _reply(message_id, form, payload, now)
        return
    error = form.get("ErrorCode", "")
    yield ProviderEvent(
        id=f"{message_id}:{status}",
        kind=status,
        occurred_at=now,
        payload=payload,
        message_id=message_id,
        fact=_FACTS.get(status),
        detail={"error_code": error} if error not in {"", "0"} else {},
        recipient=e164(form.get("To", "")),
    )


def _form(text: str) -> dict[str, str]:
    """The parameters, without NUL characters, which Postgres cannot hold."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=500)
    return {name.replace("\0", ""): value.replace("\0", "") for name, value in pairs}


def _reply(
    message_id: str, form: Mapping[str, str], payload: Mapping[str, Json], now: datetime
) -> ProviderEvent:
    sender = form.get("From", "")
    return ProviderEvent(
        id=f"{message_id}:{_RECEIVED}",
        kind=_RECEIVED,
        occurred_at=now,
        payload=payload,
        fact=Fact.REPLIED,
        detail={"body": form.get("Body", ""), "from": sender, "to": form.get("To", "")},
        sender=sender,
    )


def _of_call(
    call_id: str, status: str, form: Mapping[str, str], payload: Mapping[str, Json], now: datetime
) -> ProviderEvent:
    detail: dict[str, Json] = {
        name: value for key, name in _CALL_DETAILS.items() if (value := form.get(key))
    }
    if (length := form.get("CallDuration", "")).isascii() and length[:9].isdigit():
        detail["duration_seconds"] = int(length[:9])
    return ProviderEvent(
        id=f"{call_id}:{status}",
        kind=status,
        occurred_at=_instant(form.get("Timestamp", ""), now),
        payload=payload,
        message_id=call_id,
        fact=_CALL_FACTS.get(status),
        detail={**detail, "status": status.replace("-", "_")},
        channel=Channel.CALL,
        recipient=e164(form.get("To", "")),
    )


def _instant(text: str, now: datetime) -> datetime:
    """When it was, as RFC 2822 has it; `now` for none, and for one that is later: clocks differ."""
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return now
    return min(now, at.replace(tzinfo=at.tzinfo or UTC))
