"""Permits for tests of what is done with them."""

from executor_service.domain.health import Verdict
from executor_service.domain.outcome import Deferred
from executor_service.ports import Permit


class MemoryPermits:
    """Grants everything unless told to hold; keeps what it is told of permits."""

    def __init__(self) -> None:
        self.hold: Deferred | None = None
        self.asked: list[tuple[str, str]] = []
        self.settled: list[tuple[str, Verdict]] = []

    async def get(self, account_id: str, peer: str) -> Permit | Deferred:
        self.asked.append((account_id, peer))
        return self.hold or Permit(account_id, peer, 0)

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        self.settled.append((permit.peer, verdict))
