"""What a payment provider tells of payments and subscriptions, and whose they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from action_service.domain.plan import Json

# The names of our ids in the metadata of what our steps make.
ACCOUNT = "treadle_account_id"
CONTACT = "treadle_contact_id"
STEP = "treadle_action_execution_id"


class Maker(NamedTuple):
    """Whose step has made something, as its metadata say; ids are UUIDs."""

    account_id: str
    contact_id: str
    action_execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """What workflows hear as `event_type`.

    `references` are the provider's ids of what it is about, and of what that belongs to: the object
    itself first, the customer last. Of news that say how the object stands (`is_state`) none counts
    that is older than what is known.
    """

    event_type: str
    references: tuple[str, ...]
    is_state: bool
    maker: Maker | None = None

    @property
    def object_id(self) -> str:
        """The provider's id of what it is about."""
        return self.references[0]


class Payer(NamedTuple):
    """A contact who pays; without an id they have been erased."""

    account_id: str
    contact_id: str | None


def payer_of(references: Iterable[str], known: Mapping[str, frozenset[Payer]]) -> Payer | None:
    """Who is known by the first of the references that anybody is known by.

    Nobody, when that is more than one: what two accounts share is not told to one of them.
    """
    found = next((payers for each in references if (payers := known.get(each))), None)
    return next(iter(found)) if found is not None and len(found) == 1 else None


def maker_in(metadata: Mapping[str, Json]) -> Maker | None:
    """Whose step the metadata name, if they name one."""
    account, contact = _uuid(metadata.get(ACCOUNT)), _uuid(metadata.get(CONTACT))
    if account is None or contact is None:
        return None
    return Maker(account, contact, _uuid(metadata.get(STEP)))


def _uuid(value: object) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None
