"""Whether a contact may enter a campaign, as the campaign stands (SPEC-WFL-003 R3.5)."""

from dataclasses import dataclass
from enum import Enum

from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.triggers import MAX_DEPTH


class Entry(Enum):
    """What becomes of a contact that is to be enrolled."""

    # It is in the campaign and stays where it is.
    STAY = "stay"
    ENTER = "enter"
    # Its enrolment ends, and a new one begins.
    RESTART = "restart"


class EntryRefusedError(Exception):
    """The campaign takes no contacts now; the text says why, for the user."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands."""

    name: str
    is_active: bool = True
    # The most contacts in it at a time; None for any number.
    limit: int | None = None
    # Contacts in it now; nobody counts them where there is no limit.
    enrolled: int = 0
    # That of the workflow behind it, of which enrolling starts a run; None when there is none.
    workflow: WorkflowStatus | None = None


def entry(
    campaign: Campaign, *, is_enrolled: bool, skip_if_enrolled: bool, depth: int = 0
) -> Entry:
    """What becomes of a contact; raises EntryRefusedError.

    `depth` is how often the campaign's workflow occurs in the chain of executions that leads here.
    Who restarts gives up a place and takes it again, so a full campaign is no hindrance.
    """
    if is_enrolled and skip_if_enrolled:
        return Entry.STAY
    if not campaign.is_active:
        raise EntryRefusedError(f"the campaign {campaign.name} is not active; activate it first")
    if campaign.workflow not in (None, WorkflowStatus.ACTIVE):
        raise EntryRefusedError(
            f"the workflow behind the campaign {campaign.name} is {campaign.workflow.value};"
            " activate it first"
        )
    if depth >= MAX_DEPTH:
        raise EntryRefusedError(
            f"the workflow behind the campaign {campaign.name} has led to itself {MAX_DEPTH} times"
            " in a row"
        )
    if is_enrolled:
        return Entry.RESTART
    if campaign.limit is not None and campaign.enrolled >= campaign.limit:
        raise EntryRefusedError(
            f"the campaign {campaign.name} is full: it takes {campaign.limit:,} at a time; raise"
            " its limit or remove contacts from it"
        )
    return Entry.ENTER
