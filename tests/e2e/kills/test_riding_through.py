"""What services live on is restarted, lost or used up; then they are replaced themselves.

Nobody helps: what cannot serve says so and recovers by itself, and callers of services of which
there are two, replaced one after the other, notice nothing. The second takes twice the processes:
TREADLE_TEST_REPLICAS=2 runs it too. What it rests on, tests of servers and gateways try every time.
"""

import os
import shutil
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2

from devstack.processes import Service
from devstack.stack import EXECUTORS, Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_books import check_books, no_timers
from tests.support.e2e_processes import SOON
from tests.support.e2e_rest import Customer, tag, wait, webhook
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually
from tests.support.stacks import StackMaker

REPLICAS = int(os.environ.get("TREADLE_TEST_REPLICAS", "1"))
# Well over what a look at the gateways takes.
DRAIN = {"TREADLE_GATEWAY_DRAIN_SECONDS": "2"}
GATEWAYS = ("gateway", "gateway-2")
FLEETS = tuple(f"executor-{name}" for name in EXECUTORS)
WITH_DATABASE = ("api", "engine", "scheduler")
WITH_NATS = ("engine", "scheduler", *FLEETS)
WITHIN = timedelta(seconds=10)
CALLERS = 4


@pytest.fixture(scope="module")
def fallible(
    request: pytest.FixtureRequest, make_stack: StackMaker, session_folder: Path
) -> Generator[Stack]:
    """A stack for the faults of this module; with replicas it is one of its own."""
    if REPLICAS == 1:
        yield request.getfixturevalue("mortal")
        return
    env = {**DRAIN, **SOON}
    options = StackOptions(session_folder / "fallible", env=env, replicas=REPLICAS)
    with make_stack(options) as running:
        yield running
        running.check()


@pytest.fixture
def account(fallible: Stack) -> Generator[Account]:
    with Account(fallible) as new:
        yield new


def all_of(*roles: str) -> set[str]:
    """The names of all replicas of each role."""
    return {name for role in roles for name in (role, f"{role}-2")[:REPLICAS]}


def unready(stack: Stack) -> set[str]:
    """The services that say that they cannot serve."""
    names = all_of(*WITH_DATABASE, *FLEETS)
    services = {name for name in names if not serves(stack.services[name])}
    return services | {name for name in all_of("gateway") if not is_open(stack, name)}


def serves(service: Service) -> bool:
    with grpc.insecure_channel(service.address) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        answer = check(health_pb2.HealthCheckRequest(), timeout=60)
    return answer.status == health_pb2.HealthCheckResponse.SERVING


def is_open(stack: Stack, gateway: str) -> bool:
    url = f"http://{stack.services[gateway].address}/readyz"
    try:
        return httpx.get(url, trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


@contextmanager
def nats_is_down(stack: Stack) -> Generator[None]:
    stack.nats.kill()
    yield
    stack.nats.start()


@contextmanager
def nats_has_lost_all(stack: Stack) -> Generator[None]:
    stack.nats.kill()
    shutil.rmtree(stack.data.nats / "store")
    yield
    stack.nats.start()


@contextmanager
def postgres_is_killed(stack: Stack) -> Generator[None]:
    stack.postgres.kill()
    yield
    stack.postgres.start()


@contextmanager
def connections_are_used_up(stack: Stack) -> Generator[None]:
    stack.postgres.query("alter role treadle connection limit 0")
    stack.postgres.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'treadle'"
    )
    yield
    stack.postgres.query("alter role treadle connection limit -1")


NO_DATABASE = all_of(*WITH_DATABASE, "gateway")


@pytest.mark.parametrize(
    ("fault", "affected", "meanwhile"),
    [
        pytest.param(nats_is_down, all_of(*WITH_NATS), 20, id="nats"),
        # What only NATS knew comes back when its lease has run out: another test has the patience.
        pytest.param(nats_has_lost_all, all_of(*WITH_NATS), 0, id="nats-and-its-store"),
        pytest.param(postgres_is_killed, NO_DATABASE, 20, id="postgres"),
        pytest.param(connections_are_used_up, NO_DATABASE, 20, id="connections"),
    ],
)
def test_who_cannot_serve_says_so_and_recovers(
    fallible: Stack,
    account: Account,
    fault: Callable[[Stack], AbstractContextManager[None]],
    affected: set[str],
    meanwhile: int,
) -> None:
    customer = Customer(account.http())
    workflow = customer.workflow(tag("a"), wait(1), tag("b"))
    people = customer.people(meanwhile + 20)
    # Commits and messages are under way.
    begun = customer.start(workflow, people[:meanwhile]) if meanwhile else []
    with fault(fallible):
        assert eventually(lambda: unready(fallible) == affected), unready(fallible)
    assert eventually(lambda: not unready(fallible)), unready(fallible)
    runs = begun + customer.start(workflow, people[meanwhile:])
    assert eventually(lambda: all(customer.ended(each) for each in runs), bound=120)
    assert {customer.execution(each)["state"] for each in runs} == {"completed"}
    check_books(fallible)


@dataclass
class Callers:
    """Callers through a load balancer: each request goes to a gateway that says it is ready.

    One that cannot be connected to has not got the request, and the other gets it.
    """

    stack: Stack
    headers: dict[str, str]
    workflow: str
    started: list[str] = field(default_factory=list[str])
    failures: list[str] = field(default_factory=list[str])
    _ready: Sequence[str] = GATEWAYS
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def calling(self) -> Generator[None]:
        """Many calls during the block."""
        threads = [threading.Thread(target=self._look)]
        threads += [threading.Thread(target=self._call, args=(n,)) for n in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            ready = [name for name in GATEWAYS if is_open(self.stack, name)]
            self._ready = ready or self._ready

    def _call(self, number: int) -> None:
        with ExitStack() as resources:
            clients = [
                resources.enter_context(
                    httpx.Client(
                        base_url=f"http://{self.stack.services[name].address}",
                        headers=self.headers,
                        trust_env=False,
                        timeout=60,
                    )
                )
                for name in GATEWAYS
            ]
            # At a pace that leaves the machine to those who start.
            while not self._over.wait(0.1):
                number += 1
                ready = [GATEWAYS.index(name) for name in self._ready]
                first = ready[number % len(ready)]
                try:
                    try:
                        self._once(Customer(clients[first]))
                    except httpx.ConnectError:
                        self._once(Customer(clients[1 - first]))
                except (httpx.HTTPError, AssertionError) as error:
                    self.failures.append(f"{GATEWAYS[first]}: {error!r}")

    def _once(self, customer: Customer) -> None:
        made = customer.post("contacts/batch", {"contacts": [{"first_name": "N"}]})
        (execution,) = customer.start(self.workflow, made["contact_ids"])
        customer.execution(execution)
        self.started.append(execution)


@pytest.mark.skipif(REPLICAS < 2, reason="TREADLE_TEST_REPLICAS=2 runs it")
def test_a_rolling_restart_fails_no_call_and_loses_nothing(
    fallible: Stack, account: Account
) -> None:
    with Providers(fallible.simulator_url) as providers:
        customer = Customer(account.http())
        workflow = customer.workflow(
            tag("a"), wait(1), webhook(f"{providers.url}/sink/rolling"), tag("b")
        )
        callers = Callers(fallible, account.headers(), workflow)
        with callers.calling():
            assert eventually(lambda: len(callers.started) > 20)
            for suffix in ("", "-2"):
                roles = ("gateway", *WITH_DATABASE, *FLEETS)
                replace([fallible.services[f"{role}{suffix}"] for role in roles])
                seen = len(callers.started)
                assert eventually(lambda: not unready(fallible))
                assert eventually(lambda: len(callers.started) > seen + 20)  # noqa: B023
        assert callers.failures == []
        assert eventually(lambda: all(customer.ended(each) for each in callers.started))
        completed = customer.get(f"workflows/{workflow}/executions/summary")["executions"]
        assert completed["completed"] == len(callers.started)
        keys = [
            hook["details"]["headers"]["idempotency-key"] for hook in providers.received("sink")
        ]
        assert len(keys) == len(set(keys)) == len(callers.started)
    assert eventually(lambda: no_timers(fallible))
    check_books(fallible)


def replace(services: Sequence[Service]) -> None:
    """Ends them by SIGTERM, all at once and in time, and starts them again."""
    for service in services:
        service.ask_to_stop()
    assert [service.name for service in services if not service.stop(WITHIN)] == []
    for service in services:
        service.start()
    for service in services:
        service.wait_ready()
