"""What the guarded client agrees to call, and that it calls just that."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from common.egress import (
    EgressConnectError,
    EgressPolicy,
    EgressRefused,
    EgressTimeout,
    GuardedClient,
    Refusal,
)
from tests.support.authority import Authority
from tests.support.egress import FixedDialer, FixedResolver, HangingResolver, call, respond, serve

LOOPBACK = EgressPolicy(allow_loopback=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls_server(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    return authority.server_context("hooks.example", tmp_path / "server.pem")


@pytest.fixture
def tls_client(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.certificate_pem)


@pytest.fixture
async def client() -> AsyncGenerator[GuardedClient]:
    async with GuardedClient(LOOPBACK) as opened:
        yield opened


# What may be called.


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/", "http://169.254.169.254/"),
        *("http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
        *("http://0.0.0.0/", "http://[::]/", "http://192.168.0.1/", "https://100.100.100.200/"),
        *("http://127。0。0。1/", "http://[fd00:ec2::254]/", "http://168.63.129.16/"),
    ],
)
async def test_inner_addresses_are_refused(url: str) -> None:
    dialer = FixedDialer(0)
    async with GuardedClient(EgressPolicy(), dialer=dialer) as guarded:
        with pytest.raises(EgressRefused) as refused:
            await call(guarded, url)
    assert refused.value.reason is Refusal.ADDRESS
    assert dialer.dialed == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
        ["93.184.215.14", "::ffff:10.0.0.1"],
        ["2606:4700::1111", "fe80::1%eth0"],
        ["93.184.215.14", "64:ff9b::a00:1"],
    ],
)
async def test_a_name_is_refused_for_any_inner_address(addresses: list[str]) -> None:
    dialer = FixedDialer(0)
    resolver = FixedResolver({"rebind.example": [addresses]})
    async with GuardedClient(EgressPolicy(), resolver=resolver, dialer=dialer) as guarded:
        with pytest.raises(EgressRefused) as refused:
            await call(guarded, "http://rebind.example/")
    assert refused.value.reason is Refusal.ADDRESS
    assert not any(address in str(refused.value) for address in addresses)
    assert dialer.dialed == []


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0", "::ffff:127.0.0.1", "::", "fd00::1"])
async def test_loopback_allowed_is_loopback_only(address: str) -> None:
    resolver = FixedResolver({"inner.example": [[address]]})
    async with GuardedClient(LOOPBACK, resolver=resolver) as guarded:
        with pytest.raises(EgressRefused):
            await call(guarded, "http://inner.example/")


async def test_ports() -> None:
    resolver = FixedResolver({"public.example": [["93.184.215.14"]]})
    dialer = FixedDialer(0)
    for policy in (EgressPolicy(), LOOPBACK):
        async with GuardedClient(policy, resolver=resolver, dialer=dialer) as guarded:
            for url in ("http://public.example:22/", "http://93.184.215.14:6379/"):
                with pytest.raises(EgressRefused) as refused:
                    await call(guarded, url)
                assert refused.value.reason is Refusal.PORT
    policy = EgressPolicy(ports=frozenset({8443}))
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port)
        async with GuardedClient(policy, resolver=resolver, dialer=dialer) as guarded:
            assert (await call(guarded, "http://public.example:8443/")).status == 200
            with pytest.raises(EgressRefused):
                await call(guarded, "http://public.example/")
    assert dialer.dialed == [("93.184.215.14", 8443)]


# A name is resolved once, and what was judged is what is connected to.


async def test_a_name_that_changes_its_mind_reaches_the_judged_address() -> None:
    resolver = FixedResolver({"rebind.example": [["93.184.215.14"], ["127.0.0.1"]]})
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port)
        policy = EgressPolicy(remember_names=timedelta(0))
        async with GuardedClient(policy, resolver=resolver, dialer=dialer) as guarded:
            assert (await call(guarded, "http://rebind.example/")).body == b"ok"
            assert resolver.asked == ["rebind.example"]
            with pytest.raises(EgressRefused):
                await call(guarded, "http://rebind.example/")
    assert dialer.dialed == [("93.184.215.14", 80)]


async def test_a_kept_connection_is_for_its_name_at_its_address_only() -> None:
    answers = [["93.184.215.14"], ["93.184.215.15"], ["93.184.215.15"]]
    names = {"one.example": answers, "two.example": [["93.184.215.15"]]}
    policy = EgressPolicy(remember_names=timedelta(0))
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port)
        resolver = FixedResolver(names)
        async with GuardedClient(policy, resolver=resolver, dialer=dialer) as guarded:
            for name in ("one", "one", "one", "two"):
                await call(guarded, f"http://{name}.example/")
    assert [address for address, _ in dialer.dialed] == [
        "93.184.215.14",
        "93.184.215.15",
        "93.184.215.15",
    ]


async def test_names_are_remembered_for_a_while_and_asked_for_once() -> None:
    resolver = FixedResolver({"public.example": [["93.184.215.14"]]})
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port)
        async with GuardedClient(EgressPolicy(), resolver=resolver, dialer=dialer) as guarded:
            await asyncio.gather(*(call(guarded, "http://public.example/") for _ in range(5)))
            await call(guarded, "http://PUBLIC.example./")
    assert resolver.asked == ["public.example"]


async def test_the_next_address_is_tried_when_one_does_not_connect() -> None:
    resolver = FixedResolver({"public.example": [["93.184.215.14", "93.184.215.15"]]})
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port, refusing={"93.184.215.14"})
        async with GuardedClient(EgressPolicy(), resolver=resolver, dialer=dialer) as guarded:
            assert (await call(guarded, "http://public.example/")).status == 200
    assert len(dialer.dialed) == 2


async def test_the_system_s_own_resolver(client: GuardedClient) -> None:
    async with serve(respond(OK)) as port:
        assert (await call(client, f"http://localhost:{port}/")).status == 200
    async with GuardedClient(EgressPolicy()) as strict:
        with pytest.raises(EgressRefused):
            await call(strict, "http://localhost/")


async def test_proxies_of_the_environment_are_ignored(
    client: GuardedClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serve(respond(OK)) as port:
        assert (await call(client, f"http://127.0.0.1:{port}/")).status == 200


# TLS is checked against the name, and the name is what the server is told.


async def test_tls_names(tls_server: ssl.SSLContext, tls_client: ssl.SSLContext) -> None:
    seen: list[bytes] = []
    names: list[str | None] = []
    tls_server.sni_callback = lambda _socket, name, _context: names.append(name)
    resolver = FixedResolver(
        {
            "hooks.example": [["93.184.215.14"]],
            "other.example": [["93.184.215.14"]],
        }
    )
    async with serve(respond(OK, seen), tls_server) as port:
        dialer = FixedDialer(port)
        async with GuardedClient(
            EgressPolicy(), resolver=resolver, dialer=dialer, ssl_context=tls_client
        ) as guarded:
            assert (await call(guarded, "https://hooks.example/x")).body == b"ok"
            assert (await call(guarded, "https://hooks.example./x")).body == b"ok"
            with pytest.raises(EgressConnectError, match="certificate"):
                await call(guarded, "https://other.example/x")
    assert dialer.dialed == [("93.184.215.14", 443), ("93.184.215.14", 443)]
    assert names == ["hooks.example", "other.example"]
    assert all(b"\r\nHost: hooks.example\r\n" in request for request in seen)
    assert len(seen) == 2


async def test_unknown_authorities_are_not_trusted(
    authority: Authority,
    tls_server: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Nor those that the environment names.
    named = tmp_path / "authority.pem"
    named.write_text(authority.certificate_pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    resolver = FixedResolver({"hooks.example": [["93.184.215.14"]]})
    async with (
        serve(respond(OK), tls_server) as port,
        GuardedClient(EgressPolicy(), resolver=resolver, dialer=FixedDialer(port)) as guarded,
    ):
        with pytest.raises(EgressConnectError, match="certificate"):
            await call(guarded, "https://hooks.example/")


# Closing while others wait.


async def test_closing_ends_a_lookup_with_an_error_and_not_the_caller() -> None:
    resolver = HangingResolver({})
    guarded = GuardedClient(EgressPolicy(), resolver=resolver)
    waiting = asyncio.create_task(call(guarded, "http://public.example/"))
    await asyncio.sleep(0.01)
    await guarded.aclose()
    with pytest.raises(EgressConnectError):
        await waiting


async def test_one_caller_s_deadline_leaves_the_lookup_to_the_others() -> None:
    resolver = HangingResolver({"public.example": [["93.184.215.14"]]})
    async with serve(respond(OK)) as port:
        dialer = FixedDialer(port)
        async with GuardedClient(EgressPolicy(), resolver=resolver, dialer=dialer) as guarded:
            patient = asyncio.create_task(call(guarded, "http://public.example/"))
            with pytest.raises(EgressTimeout):
                await call(guarded, "http://public.example/", seconds=0.05)
            resolver.go_on.set()
            assert (await patient).body == b"ok"
    assert resolver.asked == ["public.example"]
