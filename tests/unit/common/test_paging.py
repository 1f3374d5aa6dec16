from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorReason, TreadleError
from common.paging import PageTokens

Key = tuple[datetime, UUID]

WORKFLOWS = PageTokens("workflows", tuple[datetime, UUID])
CONTACTS = PageTokens("contacts", tuple[datetime, UUID])
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS: list[Key] = [(START + timedelta(microseconds=n), uuid4()) for n in range(7)]


def _fetch(after: Key | None, limit: int) -> list[Key]:
    return [row for row in ROWS if after is None or row > after][:limit]


def _key(row: Key) -> Key:
    return row


def _refused(page_token: str, tokens: PageTokens[Key] = WORKFLOWS, **filters: object) -> None:
    with pytest.raises(TreadleError) as refused:
        tokens.page(3, page_token, **filters)
    assert refused.value.reason is ErrorReason.MALFORMED_REQUEST
    assert refused.value.violations[0].field == "page_token"


def test_the_pages_of_a_list_are_the_list() -> None:
    seen: list[Key] = []
    token, pages = "", 0
    while True:
        page = WORKFLOWS.page(3, token, account="a")
        shown, token = page.cut(_fetch(page.after, page.limit), _key)
        seen += shown
        pages += 1
        if not token:
            break
    assert (seen, pages) == (ROWS, 3)


def test_a_last_page_that_is_full_has_no_successor() -> None:
    page = WORKFLOWS.page(len(ROWS), "")
    assert page.cut(_fetch(page.after, page.limit), _key) == (ROWS, "")


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (200, 200), (201, 200), (2**31, 200)])
def test_page_sizes_are_bounded(asked: int, size: int) -> None:
    assert WORKFLOWS.page(asked, "").size == size


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(TreadleError) as refused:
        WORKFLOWS.page(-1, "")
    assert refused.value.reason is ErrorReason.VALIDATION_FAILED
    assert refused.value.violations[0].field == "page_size"


def test_a_token_belongs_to_its_list_and_filters() -> None:
    token = WORKFLOWS.page(3, "", account="a", status="draft").token(ROWS[0])
    assert WORKFLOWS.page(3, token, status="draft", account="a").after == ROWS[0]
    _refused(token, account="b", status="draft")
    _refused(token, account="a", status="active")
    _refused(token, account="a")
    _refused(token, CONTACTS, account="a", status="draft")


def test_a_token_cut_short_is_refused() -> None:
    token = WORKFLOWS.page(3, "").token(ROWS[0])
    for length in range(1, len(token) - 1):
        _refused(token[:length])


@given(st.text(min_size=1, max_size=60))
def test_nonsense_is_refused(text: str) -> None:
    _refused(text)


def test_a_very_long_token_is_refused() -> None:
    _refused("A" * 100_000)


def test_a_token_says_nothing_in_plain() -> None:
    token = WORKFLOWS.page(3, "", account="acme").token(ROWS[0])
    assert "acme" not in token
    assert str(ROWS[0][1]) not in token
