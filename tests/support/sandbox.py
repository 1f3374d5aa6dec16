"""Scripts to be run, and the world that their `fetch` finds."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Final

from common.egress import EgressPolicy, GuardedClient
from executor_service.domain.outcome import JsonValue
from executor_service.sandbox.fetching import Fetcher
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.results import Report, Script
from tests.support.egress import FixedDialer, FixedResolver

STEP_KEY: Final = "0195f000-0000-7000-8000-00000000beef"
ENGINES: Final = ("jsbox", "quickjs-ng")
# For scripts that end by themselves: it passes on the wall's clock, on a busy machine too.
PLENTY_MS: Final = 20_000

CONTEXT: Final[dict[str, JsonValue]] = {
    "contact": {"name": "Ann", "tags": ["vip"], "custom_fields": {"visits": 3}},
    "workflow": {"id": "w", "name": "Welcome"},
    "execution": {"id": "e"},
    "steps": {"first": {"answer": 42}},
    "event": {"type": "tag_added"},
}


def script(
    code: str,
    *,
    timeout_ms: int = PLENTY_MS,
    memory_mb: int = 32,
    modules: Mapping[str, str] | None = None,
    context: dict[str, JsonValue] | None = None,
) -> Script:
    """A script with data like that of a step."""
    return Script(
        code=code,
        context=CONTEXT if context is None else context,
        modules=dict(modules or {}),
        timeout_ms=timeout_ms,
        memory_mb=memory_mb,
    )


@asynccontextmanager
async def sandbox(engine: str = "jsbox", *, at_once: int = 3) -> AsyncGenerator[Sandbox]:
    """A sandbox with the strongest isolation, started."""
    made = Sandbox(engine=engine, accepted=Isolation.NAMESPACES, at_once=at_once)
    async with aclosing(made):
        await made.start()
        yield made


def fetcher(client: GuardedClient, seconds: float = 10) -> Fetcher:
    """What a step's `fetch` is answered by."""
    return Fetcher(client, STEP_KEY, timedelta(seconds=seconds))


@asynccontextmanager
async def unreachable() -> AsyncGenerator[GuardedClient]:
    """A client to whom no name is known."""
    async with GuardedClient(EgressPolicy(), resolver=FixedResolver({})) as client:
        yield client


@asynccontextmanager
async def public_server(port: int) -> AsyncGenerator[GuardedClient]:
    """A client to whom every address of http://api.example.com/ is the local server's."""
    resolver = FixedResolver({"api.example.com": [["93.184.216.34"]]})
    dialer = FixedDialer(port)
    async with GuardedClient(EgressPolicy(), resolver=resolver, dialer=dialer) as client:
        yield client


async def run(made: Sandbox, code: str, *, timeout_ms: int = PLENTY_MS) -> Report:
    """What comes of a script that reaches nobody."""
    async with unreachable() as client:
        return await made.run(script(code, timeout_ms=timeout_ms), fetcher(client))
