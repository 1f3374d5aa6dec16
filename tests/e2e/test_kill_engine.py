"""`kill -9` of the api, and twice of the engine, in the middle of a run."""

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_journey import Journey
from tests.support.e2e_processes import AFTER_ACK_WAIT, freeze
from tests.support.e2e_simulator import Providers


def test_nothing_is_lost_or_doubled_when_the_engine_is_killed(own_stack: Stack) -> None:
    services = own_stack.services
    with Account(own_stack) as account, Providers(own_stack.simulator_url) as providers:
        providers.misbehave("twilio", "slow", delay_ms=500)
        journey = Journey(account, providers)
        journey.start(200)
        # Executors ask the api for a claim before each message.
        journey.until("text", 20)
        services["api"].kill()
        services["api"].restart()
        # Killed with results in hand, none of them acted upon.
        journey.until("text", 200, "running", "scheduled", "pending")
        freeze(services["engine"])
        providers.wait_for("twilio", 100)
        services["engine"].kill()
        services["engine"].restart()
        # And again at work.
        journey.start(50)
        journey.until("visit", 210)
        services["engine"].kill()
        services["engine"].restart()

        journey.finish(AFTER_ACK_WAIT)

        # The executors that sent have lived on, and all of their answers count.
        assert journey.check() == []
