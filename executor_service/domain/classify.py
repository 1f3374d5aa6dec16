"""What a call to another system came to, and which error class that is: the one place that knows.

Two questions decide. Did an answer come? Then its status says what happened, and any status but 2xx
means that the other side did not do it. Did none come? Then it matters whether the request can have
left this process, and whether the receiver can recognise a second one: a send that was claimed
because its provider has no idempotency keys must not be repeated on a guess.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from executor_service.domain.outcome import ErrorClass, Failed

MAX_RETRY_AFTER = timedelta(days=1)
_DETAIL_LIMIT = 300


class CallError(Exception):
    """A call to another system did not end with a good answer."""


class NotSentError(CallError):
    """The request never left: no connection (refused, unreachable, unresolved, connect timeout)."""


class NoAnswerError(CallError):
    """The request left, wholly or in part, and no answer came: read timeout, reset, garbage."""


class CredentialsMissingError(CallError):
    """This deployment has no credentials for the other side; nothing was sent."""


class DeclinedError(CallError):
    """The other side has what was asked about, and it does not allow the call; `str()` says why."""


class WindowClosedError(DeclinedError):
    """The other side allows no such message to this person any more; `str()` says why."""


class RefusedError(CallError):
    """The other side answered with a status that is not 2xx.

    `retry_after` is the header as it came; `detail` is the other side's own explanation, if any.
    `error_class` is the status's, unless its error code says more.
    """

    def __init__(
        self,
        status: int,
        *,
        retry_after: str | None = None,
        detail: str = "",
        error_class: ErrorClass | None = None,
    ) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.retry_after = retry_after
        self.detail = detail
        self.error_class = error_class or error_class_of(status)


class OptedOutError(RefusedError):
    """The other side does not send to whoever has told it that they want no more."""


def classify(error: CallError, *, peer: str, claimed: bool, now: datetime) -> Failed:
    """The outcome of a failed call to `peer` (a name for people, such as "Twilio").

    `claimed` says that the receiver cannot recognise a repeated request.
    """
    match error:
        case RefusedError():
            return _refused(error, peer, now)
        case DeclinedError():
            return Failed(ErrorClass.REJECTED, f"{peer}: {error}")
        case NotSentError():
            return Failed(ErrorClass.NETWORK_TIMEOUT, f"{peer} could not be reached: {error}")
        case CredentialsMissingError():
            return Failed(ErrorClass.AUTHENTICATION, f"{peer} is not set up: {error}")
        case _ if claimed:
            return Failed(
                ErrorClass.UNKNOWN_OUTCOME,
                f"{peer} did not answer ({error}); the message may have been sent, "
                "so it is not sent again",
            )
        case _:
            return Failed(ErrorClass.NETWORK_TIMEOUT, f"{peer} did not answer: {error}")


def _refused(error: RefusedError, peer: str, now: datetime) -> Failed:
    detail = " ".join(error.detail.split())[:_DETAIL_LIMIT]
    message = f"{peer} answered {_status_line(error.status)}" + (f": {detail}" if detail else "")
    error_class = error.error_class
    retry_after = None
    if error_class in {ErrorClass.RATE_LIMIT, ErrorClass.SERVICE_UNAVAILABLE}:
        retry_after = parse_retry_after(error.retry_after, now=now)
    return Failed(error_class, message, retry_after)


def error_class_of(status: int) -> ErrorClass:
    """The class of an answer whose status is not 2xx.

    408 is the receiver's own word for a timeout; a redirect is an answer that was not asked for.
    """
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return ErrorClass.AUTHENTICATION
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return ErrorClass.NETWORK_TIMEOUT
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ErrorClass.RATE_LIMIT
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorClass.SERVICE_UNAVAILABLE
    return ErrorClass.REJECTED


def parse_retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """A Retry-After header (RFC 9110 section 10.2.3: seconds or an HTTP date) as a wait from `now`.

    None when there is none or it cannot be read; a past date is no wait at all; at most a day.
    """
    text = (value or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # Digits without end must not overflow timedelta.
        return timedelta(seconds=min(int(text[:9]), MAX_RETRY_AFTER.total_seconds()))
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return min(max(instant - now, timedelta(0)), MAX_RETRY_AFTER)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
