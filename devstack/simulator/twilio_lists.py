"""Lists of Twilio's resources: their filters by date, and their pages.

Source: Twilio's Message and Call resource references and "Twilio's response", paging information.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from devstack.simulator.call import Answer, Call, JsonObject, json_answer
from devstack.simulator.inbox import Inbox, InboxLimits

MAX_PAGE_SIZE = 1_000
_DAY = timedelta(days=1)

Within = Callable[[datetime], bool]


def within(query: Mapping[str, str], name: str) -> Within | None:
    """What the filters `name`, `name<` and `name>` let through; None when there are none of them.

    Days are whole and in GMT: `<` is on or before, `>` on or after. What is no date is no filter.
    """
    exactly, until, since = (_span(query.get(f"{name}{sign}", "")) for sign in ("", "<", ">"))
    first = max((span[0] for span in (exactly, since) if span), default=None)
    last = min((span[1] for span in (exactly, until) if span), default=None)
    if first is None and last is None:
        return None
    return lambda at: (first is None or at >= first) and (last is None or at < last)


def listed(
    call: Call,
    inbox: Inbox,
    provider: str,
    *,
    name: str,
    by: str,
    read: Callable[[bytes], JsonObject],
) -> Answer:
    """A page of what `provider` has taken, newest first, as `read` shows it.

    `by` is the filter by date, such as `DateSent`; the resource has it as `date_sent`.
    """
    number, size = wanted(call)
    allowed = within(call.query, by)
    page = inbox.page(
        provider=provider,
        to=call.query.get("To"),
        sender=call.query.get("From"),
        offset=number * size if allowed is None else 0,
        limit=size if allowed is None else InboxLimits().messages,
        newest_first=True,
    )
    found, total = [read(item) for item in page.items], page.total
    if allowed is not None:
        field = "_".join(re.findall("[A-Z][a-z]+", by)).lower()
        found = [each for each in found if allowed(parsedate_to_datetime(str(each[field])))]
        found, total = found[number * size : (number + 1) * size], len(found)
    return page_of(call, name, found, total)


def page_of(call: Call, name: str, resources: Sequence[JsonObject], total: int) -> Answer:
    """One page of `resources`, which are those of the page that `call` asks for, out of `total`."""
    number, size = wanted(call)
    filters = {key: value for key, value in call.query.items() if key not in {"Page", "PageSize"}}
    base = f"{call.path}?{urlencode({'PageSize': size, **filters})}"
    has_next = (number + 1) * size < total
    return json_answer(
        200,
        {
            name: list(resources),
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(len(resources) - 1, 0),
            "uri": f"{base}&Page={number}",
            "first_page_uri": f"{base}&Page=0",
            "next_page_uri": f"{base}&Page={number + 1}" if has_next else None,
            "previous_page_uri": f"{base}&Page={number - 1}" if number else None,
        },
    )


def wanted(call: Call) -> tuple[int, int]:
    """Number and size of the page that is asked for."""
    size = min(max(_integer(call.query.get("PageSize", ""), 50), 1), MAX_PAGE_SIZE)
    return _integer(call.query.get("Page", ""), 0), size


def _span(text: str) -> tuple[datetime, datetime] | None:
    try:
        if len(text) == len("2026-01-26"):
            day = datetime.combine(date.fromisoformat(text), time(), UTC)
            return day, day + _DAY
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at, at + timedelta(seconds=1)


def _integer(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else default
