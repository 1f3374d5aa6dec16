"""Telephone calls through Twilio's own SDK.

Sources: Twilio's "Call resource", "Recordings resource" and "Answering Machine Detection".
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from twilio.base.exceptions import TwilioException

from executor_service.adapters.twilio import CLOCK_SKEW, MOST_LISTED, PAGE, TwilioAccount
from executor_service.domain.calls import CallReport, CallStatus
from executor_service.domain.classify import CredentialsMissingError, DeclinedError, NoAnswerError
from executor_service.domain.outcome import Found
from executor_service.ports import CallQuestion, NewCall, Sought

# Which of a call's states Twilio tells of; without a list it tells of the end only.
_TOLD: Final = ("initiated", "ringing", "answered", "completed")
_STATUSES: Final = {
    "queued": CallStatus.QUEUED,
    "initiated": CallStatus.QUEUED,
    "ringing": CallStatus.RINGING,
    "in-progress": CallStatus.ANSWERED,
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
_OURS: Final = "outbound-api"
_API: Final = "https://api.twilio.com"


class TwilioCallGateway:
    """Calls through `POST /2010-04-01/Accounts/{sid}/Calls.json`, and reads what became of them."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account

    async def send(self, request: NewCall | CallQuestion) -> CallReport:
        """Places the call, or asks how it stands."""
        match request:
            case NewCall():
                return await self._account.run(lambda: self._create(request))
            case CallQuestion():
                return await self._account.run(lambda: self._fetch(request))

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Searches `GET …/Calls.json` by the numbers and day for calls of that time.

        What a call is to say is not listed; most are found before, as Twilio tells of each at an
        address that names its attempt.
        """
        if not (sought.to and sought.sender):
            raise DeclinedError("the call's numbers are not known, so it cannot be looked for")
        return await self._account.run(lambda: self._list(sought))

    def _list(self, sought: Sought) -> Sequence[Found]:
        after, before = sought.after - CLOCK_SKEW, sought.before + CLOCK_SKEW
        try:
            listed = self._account.client({}).calls.list(
                to=sought.to,
                from_=sought.sender,
                start_time_after=after,
                limit=MOST_LISTED,
                page_size=PAGE,
            )
            return [
                Found(_sid(call))
                for call in listed
                if call.direction == _OURS
                and call.date_created is not None
                and after <= call.date_created <= before
            ]
        except (TwilioException, ValueError, TypeError) as error:
            raise NoAnswerError("its answer could not be read") from error

    def _create(self, call: NewCall) -> CallReport:
        account, reference = self._account, call.reference
        if not account.public_url:
            raise CredentialsMissingError(
                "it has to ask us what to do with whoever answers, and"
                " TREADLE_EXECUTOR_PUBLIC_URL is not set"
            )
        more: dict[str, object] = {}
        if call.machine_detection:
            more["machine_detection"] = "DetectMessageEnd"
        if call.record:
            more["record"] = True
        if call.ring_timeout is not None:
            more["timeout"] = int(call.ring_timeout.total_seconds())
        try:
            made = account.client(reference).calls.create(
                to=call.to,
                from_=call.from_number,
                url=account.address(reference, below="/voice", **call.script),
                method="POST",
                status_callback=account.address(reference),
                status_callback_method="POST",
                status_callback_event=list(_TOLD),
                **more,
            )
            return CallReport(_sid(made), CallStatus.QUEUED, call.to)
        except (TwilioException, ValueError, TypeError) as error:
            # A good status with a body that is not a call: it may well be placed.
            raise NoAnswerError("its answer could not be read") from error

    def _fetch(self, question: CallQuestion) -> CallReport:
        calls = self._account.client(question.reference).calls(question.call_id)
        try:
            call = calls.fetch()
            status = _STATUSES[call.status]
            recording_url = ""
            if question.recorded and status is CallStatus.COMPLETED:
                recording_url = _recording_url(calls)
            return CallReport(
                _sid(call),
                status,
                call.to or "",
                call.answered_by or "",
                timedelta(seconds=int(call.duration or 0)),
                recording_url,
            )
        except (TwilioException, ValueError, TypeError, KeyError) as error:
            raise NoAnswerError("its answer could not be read") from error


def _sid(call: Any) -> str:
    if not call.sid:
        raise ValueError("a call without an id")
    return str(call.sid)


def _recording_url(calls: Any) -> str:
    """As Twilio's callbacks name it; empty when there is none (yet)."""
    recordings = calls.recordings.list(limit=1)
    uri = recordings[0].uri if recordings else None
    return f"{_API}{uri.removesuffix('.json')}" if uri else ""
