"""What steps do to our own records: the engine's effects, on records in memory.

Decisions are those of `action_service.domain`. What the statements of the engine refuse, such as a
user who is not there, is refused here in their words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from action_service.domain.assignment import Member, Pool
from action_service.domain.course_access import Access
from action_service.domain.opportunities import Opportunity
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from devstack.simulate.account import SimulatedAccount
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.timeline import Doing, Timeline


class RefusedError(Exception):
    """An effect cannot be applied; the text is for the user."""

    def __init__(self, error_class: ErrorClass, why: str) -> None:
        super().__init__(why)
        self.error_class = error_class


@dataclass(slots=True)
class Made:
    """What the run has made beside the contact's own fields."""

    opportunities: dict[str, Opportunity] = field(default_factory=dict[str, Opportunity])
    accesses: dict[str, tuple[str, Access]] = field(default_factory=dict[str, tuple[str, Access]])
    # Enrolments by campaign.
    enrollments: dict[str, str] = field(default_factory=dict[str, str])
    contacts: dict[str, UUID] = field(default_factory=dict[str, UUID])


class Office:
    """The records of the account, and the contact's."""

    def __init__(
        self, account: SimulatedAccount, contact: SimulatedContact, timeline: Timeline
    ) -> None:
        self.account = account
        self.contact = contact
        self.made = Made()
        self._timeline = timeline
        self._pools: dict[str, Pool] = {}

    def account_shown(self) -> dict[str, Json]:
        """What templates read as `account`."""
        settings = self.account.settings
        return {
            "id": str(self.account.id),
            "name": settings.name,
            "timezone": settings.timezone,
            "currency": settings.currency,
            "postal_address": settings.postal_address,
        }

    def pool(self, team_id: str) -> Pool:
        """The users who take turns in a team, or in the account, and whose turn it was."""
        if team_id not in self._pools:
            members = [Member(user.id, user.is_active) for user in self.account.users(team_id)]
            self._pools[team_id] = Pool(members, None)
        return self._pools[team_id]

    def does(self, action_execution_id: str, doing: Doing) -> None:
        """Tells what a step did."""
        self._timeline.does(action_execution_id, doing)


def spoken(value: Json) -> str:
    """A value in a sentence."""
    return "nothing" if value is None else str(value)


def when(instant: datetime | None) -> str:
    """An instant in a sentence."""
    return "" if instant is None else f"{instant:%Y-%m-%d %H:%M} UTC"


def same(values: Mapping[str, Json]) -> dict[str, Json]:
    """Details that say something."""
    return {name: value for name, value in values.items() if value not in (None, "")}
