"""`kill -9` of every executor and of the scheduler while they have work in hand."""

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_journey import Journey
from tests.support.e2e_processes import AFTER_ACK_WAIT, freeze
from tests.support.e2e_simulator import Providers


def test_nothing_is_lost_or_doubled_when_executors_are_killed(own_stack: Stack) -> None:
    services = own_stack.services
    victims = ("executor-communication", "executor-internal", "scheduler", "executor-crm")
    with Account(own_stack) as account, Providers(own_stack.simulator_url) as providers:
        # Slow enough for calls to be under way at any moment.
        providers.misbehave("twilio", "slow", delay_ms=1500)
        providers.misbehave("sink", "slow", delay_ms=200)
        journey = Journey(account, providers)
        journey.start(150)
        journey.until("text", 84, "running")
        services["executor-communication"].kill()
        journey.until("hook", 20)
        services["executor-internal"].kill()
        journey.until("wait", 1, "waiting")
        services["scheduler"].kill()
        freeze(services["executor-crm"])
        journey.start(50)
        services["executor-crm"].kill()
        for name in victims:
            services[name].start()
        for name in victims:
            services[name].wait_ready()

        journey.finish(AFTER_ACK_WAIT)

        unknown = journey.check()
        # Those that the executor was sending when it was killed, and nobody else: it has 64 slots.
        assert 0 < len(unknown) <= 64
