"""Everything that can go wrong at a provider, through its own SDK: what is made of it, and how it
speaks of the provider's health (SPEC-WFL-003 R7.2).

SendGrid, Twilio and Meta take no idempotency keys, so that what may have been taken is unknown;
Stripe knows a repeated call, so the same is a reason to try again. A status is an answer, whatever
comes of the body below it.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from devstack.simulator.failures import Control
from executor_service.domain.health import Health
from executor_service.ports import Conversation
from tests.unit.common.catalogue.case import UUID
from tests.unit.common.catalogue.messenger_cases import TEXT
from tests.unit.executor_service.handlers.calls import PUBLIC_URL
from tests.unit.executor_service.handlers.harness import (
    APP_SECRET,
    NOON,
    PAGE_TOKEN,
    TEMPLATE_ID,
    Bench,
    Case,
    answering,
    closed_port_url,
)
from treadle.credential.v1.credential_pb2 import (
    PROVIDER_FACEBOOK_PAGE,
    FacebookPageSecret,
    Secret,
)

SEVEN = timedelta(seconds=7)
# As the simulator says in the header X-Business-Use-Case-Usage.
META_PAUSE = timedelta(minutes=1)
PAGE = "102030405060708"
OPEN = Conversation(PAGE, "default", "Bakery", "6203981734561", NOON)


@dataclass(frozen=True)
class Provider:
    """A call to it, and what no answer to such a call means."""

    action_type: str
    config: Mapping[str, Any]
    no_answer: str
    claims: int
    # As limits and circuits know it, when the simulator calls it otherwise.
    peer: str = ""
    # How long to stay away when it has had too many requests and does not say.
    pause: timedelta | None = None


PROVIDERS = {
    "sendgrid": Provider(
        "send_email",
        {
            "template_id": TEMPLATE_ID,
            "subject": "Hello",
            "from_name": "Bakery",
            "from_email": "b@example.com",
            "purpose": "transactional",
        },
        "unknown_outcome",
        1,
    ),
    "twilio": Provider(
        "send_sms",
        {"message": "Hello", "from_number": "+14155550100"},
        "unknown_outcome",
        1,
    ),
    "twilio_voice": Provider(
        "make_call",
        {
            "from_number": "+14155550100",
            "destination_type": "external",
            "destination_value": "+14155550123",
        },
        "unknown_outcome",
        1,
    ),
    "messenger": Provider("send_messenger", TEXT, "unknown_outcome", 1, "facebook", META_PAUSE),
    "stripe": Provider(
        "charge_customer",
        {
            "customer_id": "cus_ann",
            "amount": 5,
            "currency": "EUR",
            "payment_method_id": "pm_card_visa",
        },
        "network_timeout",
        0,
    ),
}
EACH = pytest.mark.parametrize("provider", PROVIDERS)


@dataclass(frozen=True)
class Fault:
    """What the provider does; without an error class, what no answer means to it."""

    name: str
    mode: str
    error: str = ""
    retry_after: timedelta | None = None
    sent: int = 0


FAULTS = [
    Fault("too many requests", "429", "rate_limit"),
    Fault("too many requests, and says until when", "429", "rate_limit", SEVEN),
    Fault("internal error", "500", "service_unavailable"),
    Fault("bad gateway", "502", "service_unavailable"),
    Fault("unavailable", "503", "service_unavailable"),
    Fault("unavailable, and says until when", "503", "service_unavailable", SEVEN),
    Fault("hangs", "hang"),
    Fault("resets", "reset"),
    Fault("garbage", "garbage"),
    Fault("a page instead of an answer", "html"),
    Fault("100 MB", "huge"),
    Fault("an answer that is cut off", "truncated"),
    Fault("an answer that never ends", "trickle"),
    Fault("takes it, then resets", "accept_then_reset", sent=1),
    Fault("takes it, then hangs", "accept_then_hang", sent=1),
]
HEALTH = {
    "rate_limit": Health.CROWDED,
    "service_unavailable": Health.UNWELL,
    "network_timeout": Health.UNWELL,
    "unknown_outcome": Health.UNWELL,
}


def case_of(provider: str, fault: Fault) -> Case:
    used = PROVIDERS[provider]
    retry_after = None if fault.retry_after is None else fault.retry_after.seconds
    control = {"provider": provider, "mode": fault.mode, "retry_after": retry_after}
    return Case(
        fault.name,
        used.config,
        told=[Control.model_validate(control)] if fault.mode else [],
        outcome="failed",
        error=fault.error or used.no_answer,
        retry_after=fault.retry_after,
        sent=fault.sent,
        claims=used.claims,
    )


async def check(bench: Bench, provider: str, fault: Fault) -> None:
    """The outcome is right, and so is what the circuit is told."""
    case = case_of(provider, fault)
    if case.error == "rate_limit" and fault.retry_after is None:
        case = replace(case, retry_after=PROVIDERS[provider].pause)
    await bench.check(PROVIDERS[provider].action_type, provider, case)
    ((peer, verdict),) = bench.permits.settled
    assert peer == (PROVIDERS[provider].peer or provider)
    assert (verdict.health, verdict.error_class) == (HEALTH[case.error], case.error)
    assert verdict.retry_after == case.retry_after


@pytest.fixture
def bench(bench: Bench) -> Bench:
    """One that providers can reach, of an account with a page that the contact has written to."""
    bench.use(provider_url=bench.url, public_url=PUBLIC_URL)
    secret = FacebookPageSecret(page_id=PAGE, access_token=PAGE_TOKEN, app_secret=APP_SECRET)
    bench.credentials.secrets[PROVIDER_FACEBOOK_PAGE] = Secret(facebook_page=secret)
    bench.conversations.pages[UUID] = OPEN
    return bench


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@EACH
async def test_what_goes_wrong_at_a_provider(bench: Bench, provider: str, fault: Fault) -> None:
    await check(bench, provider, fault)


@EACH
async def test_a_connection_that_is_reset_before_anything_is_read(
    bench: Bench, provider: str
) -> None:
    async with resetting() as url:
        bench.use(provider_url=url, public_url=PUBLIC_URL)
        await check(bench, provider, Fault("reset at once", ""))


@EACH
async def test_a_connection_that_is_refused_sends_nothing(bench: Bench, provider: str) -> None:
    bench.use(provider_url=closed_port_url(), public_url=PUBLIC_URL)
    await check(bench, provider, Fault("refused", "", "network_timeout"))


@EACH
@pytest.mark.parametrize(
    ("status", "error"),
    [("429 Too Many", "rate_limit"), ("503 Down", "service_unavailable")],
    ids=["429", "503"],
)
async def test_a_status_counts_whatever_comes_of_its_body(
    bench: Bench, provider: str, status: str, error: str
) -> None:
    head = f"HTTP/1.1 {status}\r\nRetry-After: 7\r\nContent-Length: 1000\r\n\r\n"
    async with answering(head.encode() + b'{"error', hangs_up=True) as url:
        bench.use(provider_url=url, public_url=PUBLIC_URL)
        await check(bench, provider, Fault("cut off", "", error, SEVEN))


async def test_sendgrids_word_for_a_message_taken_needs_no_body(bench: Bench) -> None:
    head = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m1\r\nContent-Length: 1000\r\n\r\nx"
    async with answering(head, hangs_up=True) as url:
        bench.use(provider_url=url)
        case = Case("x", PROVIDERS["sendgrid"].config, output={"message_id": "m1"}, claims=1)
        await bench.check("send_email", "sendgrid", case)


# What Meta means by a refusal, its codes say: test_send_messenger.
@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name != "messenger"])
@pytest.mark.parametrize("mode", ["400", "401", "403"])
async def test_a_refusal_says_nothing_against_the_provider(
    bench: Bench, provider: str, mode: str
) -> None:
    fault = Fault(mode, mode, "rejected" if mode == "400" else "authentication")
    await bench.check(PROVIDERS[provider].action_type, provider, case_of(provider, fault))
    assert [verdict.health for _, verdict in bench.permits.settled] == [Health.WELL]


async def test_stripes_own_word_for_too_many_requests(bench: Bench) -> None:
    """Some come as 400 with a code (Stripe, "Rate limits"); each retry carries the step's key."""
    body = b'{"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slow"}}'
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with answering(head + body) as url:
        bench.use(provider_url=url)
        await check(bench, "stripe", Fault("400", "", "rate_limit"))


async def test_a_payment_is_made_once_whatever_befalls_its_tries(bench: Bench) -> None:
    used = PROVIDERS["stripe"]
    task = bench.task(used.action_type, used.config)
    for mode in ("429", "503", "accept_then_reset", "accept_then_hang", "409", "ok"):
        control = {"provider": "stripe", "mode": mode, "count": None if mode == "ok" else 1}
        bench.simulator.plan.set(Control.model_validate(control))
        # As the engine does: another attempt at the same step.
        result = await bench.run(task)
    assert result.WhichOneof("outcome") == "completed"  # pyright: ignore
    assert len(bench.inbox("stripe")) == 1


@asynccontextmanager
async def resetting() -> AsyncGenerator[str]:
    """A server that resets each connection without reading from it."""

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
