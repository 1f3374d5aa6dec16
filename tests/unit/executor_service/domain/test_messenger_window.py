"""How long a page may write to a person."""

from datetime import UTC, datetime, timedelta

import pytest

from executor_service.domain.messenger_window import closed

NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("ago", "human_agent", "is_open"),
    [
        (timedelta(0), False, True),
        (DAY - SECOND, False, True),
        (DAY, False, False),
        (DAY, True, True),
        (7 * DAY - SECOND, True, True),
        (7 * DAY, True, False),
        (-SECOND, False, True),
    ],
)
def test_the_window_ends_when_its_time_is_up(
    ago: timedelta, human_agent: bool, is_open: bool
) -> None:
    reason = closed(NOW - ago, human_agent=human_agent, now=NOW)
    assert (reason is None) is is_open
    if reason is not None:
        assert f"{NOW - ago:%Y-%m-%d %H:%M} UTC" in reason


@pytest.mark.parametrize("human_agent", [True, False])
def test_who_has_never_written_is_not_written_to(human_agent: bool) -> None:
    assert "never written" in (closed(None, human_agent=human_agent, now=NOW) or "")
