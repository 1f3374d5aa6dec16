"""An account's limits and circuits, as people see and change them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from action_service.domain.peers import PROVIDERS, WEBHOOK, is_peer, kind_of
from action_service.domain.plan import Json
from action_service.domain.traffic import CircuitRules, Limit, Traffic, reset
from action_service.use_cases.ports import Change, Reader, Writer
from common.errors import FieldViolation, invalid, malformed, not_found

MAX_PROVIDERS: Final = 1_000
MAX_PER_SECOND: Final = 100_000

# A circuit is known by its peer; audit entries want an id.
_CIRCUITS: Final = UUID("4d0b3a5e-6c52-5f0c-9a55-0b6f6a3a7c10")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the deployment has set: the limits of those accounts that have none, and the rules."""

    per_second: Mapping[str, int] = field(default_factory=dict[str, int])
    rules: CircuitRules = field(default_factory=CircuitRules)

    def limit_of(self, peer: str) -> Limit:
        """The default for a peer."""
        per_second = self.per_second.get(kind_of(peer), 0)
        return Limit(per_second, per_second)


@dataclass(frozen=True, slots=True)
class ProviderView:
    """How the calls to a peer stand at `now`."""

    peer: str
    traffic: Traffic
    limit: Limit
    own_limit: bool
    now: datetime


async def list_providers(tx: Reader, policy: Policy) -> list[ProviderView]:
    """The providers, then the hosts that have been called lately or have a limit, by name."""
    circuits = await tx.traffic.circuits(MAX_PROVIDERS)
    own = await tx.traffic.limits()
    now = await tx.traffic.now()
    hosts = sorted((circuits.keys() | own.keys()) - PROVIDERS.keys())
    return [
        _view(peer, circuits.get(peer, Traffic()), own.get(peer), policy, now)
        for peer in (*PROVIDERS, *hosts)[:MAX_PROVIDERS]
    ]


async def set_limit(
    tx: Writer, policy: Policy, peer: str, *, per_second: int, burst: int
) -> ProviderView:
    """Sets how many calls the account may make."""
    _check_peer(peer)
    bad = [
        FieldViolation(field, f"must be 0 to {MAX_PER_SECOND:,}")
        for field, value in (("per_second", per_second), ("burst", burst))
        if not 0 <= value <= MAX_PER_SECOND
    ]
    if bad:
        raise invalid(bad)
    before = (await tx.traffic.limits()).get(peer)
    after = Limit(per_second, burst or per_second)
    entity_id = await tx.traffic.set_limit(peer, after)
    tx.record(
        Change(
            operation="provider_limit.set",
            entity_type="provider_limit",
            entity_id=entity_id,
            before=_facts(peer, before),
            after=_facts(peer, after),
        )
    )
    return await _seen(tx, policy, peer)


async def clear_limit(tx: Writer, policy: Policy, peer: str) -> ProviderView:
    """Goes back to the deployment's default."""
    _check_peer(peer)
    before = (await tx.traffic.limits()).get(peer)
    entity_id = await tx.traffic.clear_limit(peer)
    if entity_id is None:
        raise not_found("provider_limit", peer)
    tx.record(
        Change(
            operation="provider_limit.cleared",
            entity_type="provider_limit",
            entity_id=entity_id,
            before=_facts(peer, before),
        )
    )
    return await _seen(tx, policy, peer)


async def reset_provider(tx: Writer, policy: Policy, peer: str) -> ProviderView:
    """Closes the circuit and ends a pause."""
    _check_peer(peer)
    now = await tx.traffic.now()
    before = await tx.traffic.lock(peer)
    after = reset(before, now)
    await tx.traffic.set(peer, after)
    tx.record(
        Change(
            operation="provider_circuit.reset",
            entity_type="provider_circuit",
            entity_id=uuid5(_CIRCUITS, f"{tx.account_id} {peer}"),
            before={"peer": peer, "state": before.state.value, "trips": before.trips},
            after={"peer": peer, "state": after.state.value, "trips": after.trips},
        )
    )
    return await _seen(tx, policy, peer)


def _check_peer(peer: str) -> None:
    if not is_peer(peer):
        known = ", ".join(PROVIDERS)
        raise malformed("peer", f"must be one of {known}, or {WEBHOOK}:<host> in lower case")


async def _seen(tx: Reader | Writer, policy: Policy, peer: str) -> ProviderView:
    circuits = await tx.traffic.circuits(MAX_PROVIDERS)
    own = (await tx.traffic.limits()).get(peer)
    return _view(peer, circuits.get(peer, Traffic()), own, policy, await tx.traffic.now())


def _view(
    peer: str, traffic: Traffic, own: Limit | None, policy: Policy, now: datetime
) -> ProviderView:
    limit = policy.limit_of(peer) if own is None else own
    return ProviderView(peer, traffic, limit, own is not None, now)


def _facts(peer: str, limit: Limit | None) -> dict[str, Json] | None:
    if limit is None:
        return None
    return {"peer": peer, "per_second": limit.per_second, "burst": limit.burst}
