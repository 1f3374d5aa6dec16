"""Entry to campaigns: SPEC-WFL-003 R3.5."""

from itertools import product

import pytest

from action_service.domain.campaigns import Campaign, Entry, EntryRefusedError, entry
from action_service.domain.lifecycle import WorkflowStatus

SPRING = Campaign("Spring")
FULL = Campaign("Spring", limit=2, enrolled=2)
BACKED = Campaign("Spring", workflow=WorkflowStatus.ACTIVE)


@pytest.mark.parametrize(
    ("campaign", "is_enrolled", "skip_if_enrolled", "expected"),
    [
        (SPRING, False, True, Entry.ENTER),
        (SPRING, False, False, Entry.ENTER),
        (SPRING, True, True, Entry.STAY),
        (SPRING, True, False, Entry.RESTART),
        (BACKED, False, True, Entry.ENTER),
        (BACKED, True, False, Entry.RESTART),
        (Campaign("Spring", limit=2, enrolled=1), False, True, Entry.ENTER),
        # Restarting needs no further place.
        (FULL, True, False, Entry.RESTART),
        # Who is in stays, whatever the campaign has come to.
        (FULL, True, True, Entry.STAY),
        (Campaign("Spring", is_active=False), True, True, Entry.STAY),
        (Campaign("Spring", workflow=WorkflowStatus.PAUSED), True, True, Entry.STAY),
    ],
)
def test_entry(
    campaign: Campaign, *, is_enrolled: bool, skip_if_enrolled: bool, expected: Entry
) -> None:
    decision = entry(campaign, is_enrolled=is_enrolled, skip_if_enrolled=skip_if_enrolled, depth=4)
    assert decision is expected


@pytest.mark.parametrize(
    ("campaign", "why"),
    [
        (FULL, "Spring is full: it takes 2 at a time"),
        (Campaign("Spring", limit=1, enrolled=5), "Spring is full: it takes 1 at a time"),
        (Campaign("Spring", is_active=False), "Spring is not active"),
        *(
            (Campaign("Spring", workflow=status), f"behind the campaign Spring is {status.value}")
            for status in WorkflowStatus
            if status is not WorkflowStatus.ACTIVE
        ),
    ],
)
def test_a_campaign_that_takes_nobody(campaign: Campaign, why: str) -> None:
    with pytest.raises(EntryRefusedError, match=why):
        entry(campaign, is_enrolled=False, skip_if_enrolled=True)


@pytest.mark.parametrize("is_enrolled", [False, True])
def test_a_workflow_does_not_lead_to_itself_for_ever(*, is_enrolled: bool) -> None:
    with pytest.raises(EntryRefusedError, match="led to itself 5 times"):
        entry(BACKED, is_enrolled=is_enrolled, skip_if_enrolled=False, depth=5)


def test_nobody_is_taken_beyond_the_limit() -> None:
    for limit, enrolled, is_enrolled, skip in product(
        range(1, 4), range(6), (True, False), (True, False)
    ):
        campaign = Campaign("Spring", limit=limit, enrolled=enrolled)
        try:
            decision = entry(campaign, is_enrolled=is_enrolled, skip_if_enrolled=skip)
        except EntryRefusedError:
            continue
        assert decision is not Entry.ENTER or enrolled < limit
