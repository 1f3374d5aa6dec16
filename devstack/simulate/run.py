"""From what a user gave to a finished walk."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.clock import Clock
from devstack.loading import FileError
from devstack.seeds.records import CannotSeedError
from devstack.sender import POSTAL_ADDRESS
from devstack.simulate.account import SimulatedAccount
from devstack.simulate.clock import VirtualClock
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.draft import checked_draft
from devstack.simulate.happenings import start_of, until_of
from devstack.simulate.reading import (
    account_with,
    changes_of,
    events_of,
    failures_of,
    read_contact,
    read_scenario,
    read_source,
    with_options,
)
from devstack.simulate.scenario import Scenario
from devstack.simulate.walk import Setting, Walk, Walked


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was given; docs/simulate.md tells what each means."""

    file: Path
    workflow: str | None = None
    contact: Sequence[str] = ()
    scenario: Path | None = None
    start: str | None = None
    until: str | None = None
    events: Sequence[str] = ()
    changes: Sequence[str] = ()
    failures: Sequence[str] = ()
    account: Sequence[str] = ()
    seed: int | None = None


def simulate(options: Options, clock: Clock) -> Walked:
    """Walks; without a start the run begins at the clock's instant.

    Raises FileError, which names the place and what to do.
    """
    return asyncio.run(_simulate(options, clock))


async def _simulate(options: Options, clock: Clock) -> Walked:
    source = read_source(options.file, options.workflow)
    scenario = _scenario(options)
    start = start_of(options.start or scenario.start, clock.now())
    until = until_of(options.until or scenario.until, start)
    try:
        account = SimulatedAccount(source.seed, scenario.account, scenario.event_types)
        contact = SimulatedContact(read_contact(options.contact, source, scenario), account, start)
        account.add("contact", contact.id)
        draft = await checked_draft(source, account, POSTAL_ADDRESS)
    except CannotSeedError as error:
        raise FileError(f"{options.file}: {error}") from None
    setting = Setting(draft, account, contact, scenario, VirtualClock(start), until)
    return await Walk(setting).run()


def _scenario(options: Options) -> Scenario:
    """The scenario's file, with the options over it."""
    found = with_options(
        read_scenario(options.scenario),
        {
            "events": events_of(options.events),
            "changes": changes_of(options.changes),
            "failures": failures_of(options.failures),
        },
    )
    return found.model_copy(
        update={
            "account": account_with(found, options.account),
            "seed": found.seed if options.seed is None else options.seed,
        }
    )
