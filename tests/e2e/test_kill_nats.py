"""A power cut for NATS that takes all that it had stored: Postgres knows enough to go on."""

import shutil

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_journey import Journey
from tests.support.e2e_simulator import Providers

# What was on its way is rung again when its lease of 30 s has run out.
AFTER_LEASES = 90.0


def test_work_goes_on_when_nats_has_lost_everything(own_stack: Stack) -> None:
    with Account(own_stack) as account, Providers(own_stack.simulator_url) as providers:
        providers.misbehave("twilio", "slow", delay_ms=300)
        journey = Journey(account, providers)
        journey.start(200)
        journey.until("text", 80)
        own_stack.nats.kill()
        shutil.rmtree(own_stack.data.nats / "store")
        own_stack.nats.start()

        journey.finish(AFTER_LEASES)

        # A send whose result was stored in NATS alone is not done again; nobody knows that it was.
        journey.check()
