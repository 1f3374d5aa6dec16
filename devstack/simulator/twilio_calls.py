"""Twilio's Calls resource: create, fetch, list; and the calls themselves, played as TwiML has it.

A call rings, and whoever answers is decided by the outcomes. Then the address of the call is asked
for its TwiML, signed, and what that says decides how long the call lasts. Each state is told to the
status callback, in order. Sources: Twilio's "Call resource", "StatusCallback" there, "Answering
Machine Detection", "Recordings resource", and the magic numbers of its test credentials.
"""

import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from itertools import count
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from devstack.simulator.call import Answer, Call, JsonObject, json_answer, treadle_ids
from devstack.simulator.callbacks import Callback
from devstack.simulator.inbox import Inbox
from devstack.simulator.message import Message
from devstack.simulator.outcomes import Outcome, by_address
from devstack.simulator.telling import Telling
from devstack.simulator.twilio import Twilio, form_of, refusal
from devstack.simulator.twilio_callbacks import VERSION
from devstack.simulator.twilio_lists import listed

MAX_TIMEOUT: Final = 600
_API: Final = "https://api.twilio.com"
_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_VERB: Final = re.compile(r"<(Play|Hangup|Dial|Enqueue|Redirect|Say|Record|Gather)\b")
# Twilio's documented magic numbers: (error code, wording).
_MAGIC_TO: Final = {
    "+15005550001": (21217, "Phone number does not appear to be valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (21215, "Account not authorized to call {}"),
    "+15005550004": (21216, "Account not allowed to call {}"),
}
_MAGIC_FROM: Final = {
    "+15005550001": (21212, "The 'From' number {} is not a valid phone number."),
}
_UNANSWERED: Final = {
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no-answer",
    Outcome.FAILED: "failed",
    Outcome.CANCELED: "canceled",
}
_ANSWERED_BY: Final = {Outcome.HUMAN: "human", Outcome.FAX: "fax"}
# Seconds that calls last, by what the TwiML begins with.
_LENGTHS: Final = {"Hangup": 2, "Play": 24, "Dial": 95}
_EVENT_OF: Final = {
    "initiated": "initiated",
    "ringing": "ringing",
    "in-progress": "answered",
}


@dataclass(slots=True)
class Line:
    """A call under way, or over; `twiml` is what it was told to do."""

    message: Message
    status: str = "queued"
    answered_by: str = ""
    seconds: int = 0
    twiml: str = ""
    # What the last callback posts; how long the call was is known by then.
    end: dict[str, str] = field(default_factory=dict[str, str])


class TwilioCalls:
    """The Calls resource of one or any account."""

    name = "twilio_voice"
    max_body = Twilio.max_body

    def __init__(self, twilio: Twilio, inbox: Inbox, telling: Telling | None = None) -> None:
        self._twilio = twilio
        self._inbox = inbox
        self._telling = telling
        self._numbers = count(1)
        self._run = secrets.token_hex(8)
        self.lines: dict[str, Line] = {}

    def recipients(self, call: Call) -> frozenset[str]:
        """The form's `To`."""
        return self._twilio.recipients(call)

    def failure(self, status: int) -> Answer:
        """Twilio's error body for a status."""
        return self._twilio.failure(status)

    def handle(self, call: Call) -> Answer:
        """Check credentials, then create, fetch or list."""
        if refused := self._twilio.refuses(call):
            return refused
        if sid := call.params.get("call"):
            recordings = call.path.endswith("/Recordings.json")
            return self._recordings(call, sid) if recordings else self._fetch(call, sid)
        if call.method == "GET":
            return listed(
                call, self._inbox, self.name, name="calls", by="StartTime", read=self._shown
            )
        return self._create(call) if call.method == "POST" else self.failure(405)

    def _create(self, call: Call) -> Answer:
        form = form_of(call)
        given = {name: values[0] for name, values in form.items()}
        if refused := _check(given):
            return refusal(400, *refused)
        sid = f"CA{self._run}{next(self._numbers):016x}"
        asked = frozenset(form.get("StatusCallbackEvent", ["completed"]))
        ids = dict(parse_qsl(urlsplit(given.get("StatusCallback", "")).query))
        message = Message(
            provider=self.name,
            id=sid,
            to=given["To"],
            sender=given["From"],
            subject="",
            text=given.get("Twiml", ""),
            html="",
            custom_args={**treadle_ids(call.headers), **ids},
            received_at=call.received_at,
            details={"account_sid": call.params["account"], "events": sorted(asked), **given},
        )
        self._inbox.add(message)
        line = self.lines[sid] = Line(message)
        # What is answered is how it stands before it rings.
        made = _resource(line)
        self._play(line, given, asked, self._twilio.token_of(call))
        return Answer(201, orjson.dumps(made), accepted=1)

    def _play(
        self, line: Line, given: Mapping[str, str], asked: frozenset[str], token: str
    ) -> None:
        """Have the call happen; at once when nobody is told of it."""
        to = line.message.to
        taken = self._telling.outcomes.take if self._telling else by_address
        outcome = taken(self.name, to)
        detects = bool(given.get("MachineDetection"))
        by = _ANSWERED_BY.get(outcome, "machine_end_beep" if detects else "")
        end = _UNANSWERED.get(outcome, "completed")
        answered_by = by if detects and end == "completed" else ""
        if self._telling is None:
            _end(line, end, answered_by)
            return
        story = _Story(self._telling, line, given, token)
        told = asked if outcome is not Outcome.SILENT else frozenset[str]()
        for status in ("initiated", "ringing", *(["in-progress"] if end == "completed" else [])):
            if _EVENT_OF[status] in told:
                story.status(status)
        if end == "completed" and given.get("Url"):
            story.ask(answered_by)
        story.end(end, answered_by, told="completed" in told)
        self._telling.callbacks.follow(story.callbacks)

    def _fetch(self, call: Call, sid: str) -> Answer:
        line = self._line(sid)
        if call.method != "GET":
            return self.failure(405)
        if line is None:
            return refusal(404, 20404, f"The requested resource {call.path} was not found")
        return Answer(200, orjson.dumps(_resource(line)))

    def _recordings(self, call: Call, sid: str) -> Answer:
        line = self._line(sid)
        recorded = line is not None and line.status == "completed" and _is_recorded(line)
        found = [_recording(line)] if line is not None and recorded else []
        return json_answer(
            200, {"recordings": found, "page": 0, "page_size": 50, "next_page_uri": None}
        )

    def _line(self, sid: str) -> Line | None:
        """Of a call before a restart it is known that it is over, and no more."""
        if sid in self.lines:
            return self.lines[sid]
        kept = self._inbox.find_by_id(self.name, sid)
        return None if kept is None else _ended(Message.decode(kept))

    def _shown(self, kept: bytes) -> JsonObject:
        message = Message.decode(kept)
        return _resource(self.lines.get(message.id) or _ended(message))


def _ended(message: Message) -> Line:
    return Line(message, status="completed")


class _Story:
    """The callbacks of one call."""

    def __init__(self, telling: Telling, line: Line, given: Mapping[str, str], token: str) -> None:
        self._telling = telling
        self._line = line
        self._given = given
        self._token = token
        self._sequence = count()
        self.callbacks: list[Callback] = []

    def status(self, status: str) -> None:
        """Tell of a state."""

        def stand() -> None:
            self._line.status = "queued" if status == "initiated" else status

        if url := self._given.get("StatusCallback"):
            self._post(url, status, self._form(status), due=stand)

    def ask(self, answered_by: str) -> None:
        """Ask what is to be done with whoever has answered."""
        form = self._names("in-progress")
        if answered_by:
            form["AnsweredBy"] = answered_by

        def hear(twiml: str) -> None:
            self._line.twiml = twiml
            verb = _VERB.search(twiml)
            self._line.seconds = _LENGTHS.get(verb[1], 30) if verb else 0

        self._post(self._given["Url"], "voice", form, heard=hear)

    def end(self, status: str, answered_by: str, *, told: bool) -> None:
        """The end of the call; told of, or not."""
        line = self._line

        def end() -> None:
            _end(line, status, answered_by)

        url = self._given.get("StatusCallback")
        if told and url:
            line.end = self._form(status)
            self._post(url, status, line.end, due=end)
        elif self.callbacks:
            # Whoever asks is told the end once the last request has gone out.
            last = self.callbacks.pop()
            before = last.heard

            def hear(body: str) -> None:
                if before is not None:
                    before(body)
                end()

            self.callbacks.append(replace(last, heard=hear))
        else:
            end()

    def _post(
        self,
        url: str,
        kind: str,
        form: Mapping[str, str],
        *,
        due: Callable[[], None] | None = None,
        heard: Callable[[str], None] | None = None,
    ) -> None:
        message_id = self._line.message.id
        callback = self._telling.webhooks.form(
            url, self._token, form, kind=kind, message_id=message_id
        )
        self.callbacks.append(replace(callback, due=due, heard=heard))

    def _form(self, status: str) -> dict[str, str]:
        return {
            **self._names(status),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(next(self._sequence)),
        }

    def _names(self, status: str) -> dict[str, str]:
        message = self._line.message
        return {
            "CallSid": message.id,
            "AccountSid": str(message.details["account_sid"]),
            "From": message.sender,
            "To": message.to,
            "CallStatus": status,
            "ApiVersion": VERSION,
            "Direction": "outbound-api",
        }


def _end(line: Line, status: str, answered_by: str) -> None:
    """The call is over; the callback that tells of it has yet to be posted."""
    line.status, line.answered_by = status, answered_by
    if status != "completed":
        line.end["CallDuration"] = "0"
        return
    line.end |= {"CallDuration": str(line.seconds), "Duration": str(math.ceil(line.seconds / 60))}
    if answered_by:
        line.end["AnsweredBy"] = answered_by
    if _is_recorded(line):
        line.end |= {
            "RecordingSid": _recording_sid(line),
            "RecordingUrl": f"{_API}{_recording_path(line)}",
            "RecordingDuration": str(line.seconds),
        }


def _check(given: Mapping[str, str]) -> tuple[int, str] | None:
    to, sender = given.get("To", ""), given.get("From", "")
    if not to:
        return 21201, "No 'To' number is specified"
    if not sender:
        return 21213, "'From' phone number is required"
    if not any(given.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
        return 21205, "Url parameter is required."
    if (url := given.get("Url")) and not url.startswith(("http://", "https://")):
        return 21205, f"Url is not a valid URL: {url}"
    if not _E164.fullmatch(to):
        return 21211, f"The phone number you are attempting to call, {to}, is not valid."
    if not _E164.fullmatch(sender):
        return 21212, f"The 'From' number {sender} is not a valid phone number."
    if given.get("MachineDetection", "Enable") not in {"Enable", "DetectMessageEnd"}:
        return 20001, "MachineDetection must be Enable or DetectMessageEnd"
    if not 0 < _integer(given.get("Timeout", "60")) <= MAX_TIMEOUT:
        return 20001, f"Timeout must be between 1 and {MAX_TIMEOUT}"
    magic = _MAGIC_FROM.get(sender) or _MAGIC_TO.get(to)
    return None if magic is None else (magic[0], magic[1].format(to))


def _integer(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _is_recorded(line: Line) -> bool:
    return line.message.details.get("Record") in {"true", "True"}


def _recording_sid(line: Line) -> str:
    return f"RE{line.message.id[2:]}"


def _recording_path(line: Line) -> str:
    account = line.message.details["account_sid"]
    return f"/2010-04-01/Accounts/{account}/Recordings/{_recording_sid(line)}"


def _recording(line: Line) -> JsonObject:
    return {
        "sid": _recording_sid(line),
        "account_sid": line.message.details["account_sid"],
        "call_sid": line.message.id,
        "duration": str(line.seconds),
        "status": "completed",
        "uri": f"{_recording_path(line)}.json",
    }


def _resource(line: Line) -> JsonObject:
    message = line.message
    account = message.details["account_sid"]
    uri = f"/2010-04-01/Accounts/{account}/Calls/{message.id}"
    stamp = format_datetime(message.received_at)
    over = line.status not in {"queued", "ringing", "in-progress"}
    return {
        "account_sid": account,
        "answered_by": line.answered_by or None,
        "api_version": VERSION,
        "date_created": stamp,
        "date_updated": stamp,
        "direction": "outbound-api",
        "duration": str(line.seconds) if over else None,
        "end_time": stamp if over else None,
        "from": message.sender,
        "parent_call_sid": None,
        "price": None,
        "price_unit": "USD",
        "sid": message.id,
        "start_time": stamp,
        "status": line.status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }
