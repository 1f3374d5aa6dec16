"""What the use cases of traffic need: where limits and circuits are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from action_service.domain.traffic import Answer, Limit, Outcomes, Traffic, Wish


@dataclass(frozen=True, slots=True)
class PermitRequest:
    """What an executor wants of one account's peer, and what it has to tell of earlier calls."""

    account_id: UUID
    peer: str
    wish: Wish
    outcomes: tuple[Outcomes, ...] = ()


@dataclass(frozen=True, slots=True)
class PermitAnswer:
    """The answer, and the limit that it was made by."""

    answer: Answer
    limit: Limit


class PermitDesk(Protocol):
    """Answers executors."""

    async def answer(self, requests: Sequence[PermitRequest]) -> Sequence[PermitAnswer]:
        """Each request, in their order, in one transaction; each account and peer comes once."""
        ...


class TrafficReads(Protocol):
    """An account's circuits and limits by peer."""

    async def circuits(self, limit: int) -> Mapping[str, Traffic]:
        """Those that something has happened to lately, by name; at most `limit`."""
        ...

    async def limits(self) -> Mapping[str, Limit]:
        """Those that the account has set."""
        ...

    async def now(self) -> datetime:
        """The time that circuits go by."""
        ...


class TrafficWrites(TrafficReads, Protocol):
    """Changes of them by people."""

    async def lock(self, peer: str) -> Traffic:
        """The circuit, kept from every other change until the transaction ends."""
        ...

    async def set(self, peer: str, traffic: Traffic) -> None:
        """Stores a circuit that is locked."""
        ...

    async def set_limit(self, peer: str, limit: Limit) -> UUID:
        """Sets a limit; returns the id of its record."""
        ...

    async def clear_limit(self, peer: str) -> UUID | None:
        """Forgets the limit; returns the id of its record, None when there was none."""
        ...
