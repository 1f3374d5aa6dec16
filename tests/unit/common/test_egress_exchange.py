"""The guarded client against servers that mean harm, on the loopback interface."""

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from common.egress import (
    EgressConnectError,
    EgressPolicy,
    EgressRefused,
    EgressResponseError,
    EgressTimeout,
    GuardedClient,
    Phase,
    Refusal,
    ResponseTooLarge,
)
from tests.support.egress import FixedDialer, FixedResolver, HangingResolver, call, respond, serve
from tests.support.waiting import until

LOOPBACK = EgressPolicy(allow_loopback=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def client() -> AsyncGenerator[GuardedClient]:
    async with GuardedClient(LOOPBACK) as opened:
        yield opened


# What is sent, and what comes back.


async def test_request_and_response(client: GuardedClient) -> None:
    seen: list[bytes] = []
    head = b"HTTP/1.1 201 Created\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 2\r\n\r\nok"
    async with serve(respond(head, seen)) as port:
        response = await client.request(
            "post",
            f"http://127.0.0.1:{port}/a?b=c",
            headers={"X-Mine": "Grüße", "Content-Type": "application/json"},
            content=b'{"a": 1}',
            timeout=timedelta(seconds=60),
            max_bytes=100,
        )
    assert (response.status, response.headers["x-two"], response.body) == (201, "a, b", b"ok")
    sent = seen[0].decode().split("\r\n")
    assert sent[0] == "POST /a?b=c HTTP/1.1"
    assert set(sent[1:-2]) == {
        f"Host: 127.0.0.1:{port}",
        "X-Mine: Grüße",
        "Content-Type: application/json",
        "User-Agent: Treadle",
        "Accept: */*",
        "Accept-Encoding: gzip",
        "Content-Length: 8",
    }


async def test_redirects_are_answers(client: GuardedClient) -> None:
    location = b"http://169.254.169.254/latest/meta-data/"
    redirect = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    async with serve(respond(redirect)) as port:
        response = await call(client, f"http://127.0.0.1:{port}/")
    assert response.status == 302
    assert response.headers["location"] == location.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("Host", "inner"), ("host", "x"), ("Content-Length", "0"), ("Connection", "close")),
        *(("Transfer-Encoding", "chunked"), ("Upgrade", "h2c"), ("Expect", "100-continue")),
        *(("Proxy-Authorization", "x"), ("TE", "trailers"), ("Accept-Encoding", "br")),
        *(("X-A", "b\r\nHost: inner"), ("X-A", "b\nc"), ("X-A", "\0"), ("X-A", "\x7f")),
        *(("X-A\r\nHost", "x"), ("X A", "x"), ("X:A", "x"), ("", "x"), ("Ä", "x")),
        ("X-A", "x" * 70_000),
    ],
)
async def test_headers_that_belong_to_the_connection(
    name: str, value: str, client: GuardedClient
) -> None:
    with pytest.raises(EgressRefused) as refused:
        await call(client, "http://127.0.0.1:1/", headers={name: value})
    assert refused.value.reason is Refusal.HEADER


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "", "GET /x HTTP/1.1\r\nHost: y\r\n\r\n"])
async def test_methods(method: str, client: GuardedClient) -> None:
    with pytest.raises(EgressRefused) as refused:
        await call(client, "http://127.0.0.1:1/", method=method)
    assert refused.value.reason is Refusal.METHOD


# Time and size.


@asynccontextmanager
async def dripping(head: bytes, drop: bytes, asked: list[bytes]) -> AsyncGenerator[int]:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(head)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serve(drip) as port:
        yield port


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"", b""),
    ],
)
async def test_a_slow_drip_ends_at_the_deadline(
    head: bytes, drop: bytes, client: GuardedClient
) -> None:
    asked: list[bytes] = []
    phase = None
    async with dripping(head, drop, asked) as port, asyncio.timeout(60):
        # On a busy machine the time may be over before the server hears of the call.
        while not asked:
            with pytest.raises(EgressTimeout) as timeout:
                await call(client, f"http://127.0.0.1:{port}/", seconds=0.3)
            phase = timeout.value.phase
    assert phase is Phase.READ


async def test_a_name_server_that_hangs_ends_at_the_deadline() -> None:
    async with GuardedClient(EgressPolicy(), resolver=HangingResolver({})) as guarded:
        with pytest.raises(EgressTimeout) as timeout:
            await call(guarded, "http://public.example/", seconds=0.1)
    assert timeout.value.phase is Phase.CONNECT


async def test_a_connection_that_hangs_ends_at_its_own_deadline() -> None:
    policy = EgressPolicy(connect_timeout=timedelta(seconds=0.1))
    async with GuardedClient(policy, dialer=FixedDialer(0, hanging=True)) as guarded:
        with pytest.raises(EgressTimeout) as timeout:
            await call(guarded, "http://93.184.215.14/", seconds=5)
    assert timeout.value.phase is Phase.CONNECT


async def test_a_body_without_end_is_cut() -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    async with serve(flood) as port, GuardedClient(LOOPBACK) as client:
        with pytest.raises(ResponseTooLarge) as too_large:
            await call(client, f"http://127.0.0.1:{port}/", max_bytes=100_000)
    assert too_large.value.status == 200
    assert sent < 50_000_000


async def test_a_gzip_bomb_is_cut(client: GuardedClient) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with serve(respond(head + bomb)) as port:
        with pytest.raises(ResponseTooLarge):
            await call(client, f"http://127.0.0.1:{port}/", max_bytes=1_000)
        assert len((await call(client, f"http://127.0.0.1:{port}/", max_bytes=20_000_000)).body)


# Connections that break, and answers that are none.


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\1\2 garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000 + OK,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
    ],
)
async def test_answers_that_cannot_be_read(answer: bytes, client: GuardedClient) -> None:
    async with serve(respond(answer, close=True)) as port:
        with pytest.raises(EgressResponseError):
            await call(client, f"http://127.0.0.1:{port}/", max_bytes=1_000_000)


async def test_a_reset_after_sending_is_no_connect_error(client: GuardedClient) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with serve(reset) as port:
        with pytest.raises(EgressResponseError):
            await call(client, f"http://127.0.0.1:{port}/")


async def test_nothing_listens(client: GuardedClient) -> None:
    async with serve(respond(OK)) as port:
        pass
    with pytest.raises(EgressConnectError, match="refused"):
        await call(client, f"http://127.0.0.1:{port}/")


async def test_a_name_that_does_not_resolve() -> None:
    async with GuardedClient(EgressPolicy(), resolver=FixedResolver({})) as guarded:
        with pytest.raises(EgressConnectError, match="resolved"):
            await call(guarded, "http://nowhere.example/")


async def test_a_server_without_tls(client: GuardedClient) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serve(plain) as port:
        with pytest.raises(EgressConnectError, match="TLS"):
            await call(client, f"https://127.0.0.1:{port}/")


# Connections are kept, but never with anything left over.


async def test_a_connection_is_used_again(client: GuardedClient) -> None:
    connections: list[int] = []
    async with serve(respond(OK, connections=connections)) as port:
        for _ in range(3):
            assert (await call(client, f"http://127.0.0.1:{port}/")).body == b"ok"
    assert len(connections) == 1


async def test_a_surplus_answer_is_nobody_s(client: GuardedClient) -> None:
    connections: list[int] = []
    async with serve(respond(OK + OK.replace(b"ok", b"no"), connections=connections)) as port:
        for _ in range(3):
            assert (await call(client, f"http://127.0.0.1:{port}/")).body == b"ok"
    assert len(connections) == 3


async def test_a_late_surplus_answer_is_nobody_s(client: GuardedClient) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.sleep(0.05)
        writer.write(OK.replace(b"ok", b"no"))

    async with serve(late) as port:
        for _ in range(2):
            assert (await call(client, f"http://127.0.0.1:{port}/")).body == b"ok"
            await asyncio.sleep(0.1)


async def test_a_connection_that_the_server_closed_is_not_used(client: GuardedClient) -> None:
    async with serve(respond(OK, close=True)) as port:
        for _ in range(3):
            assert (await call(client, f"http://127.0.0.1:{port}/")).status == 200
            await asyncio.sleep(0.02)


async def test_idle_connections_are_closed_in_time() -> None:
    closed = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(OK)(reader, writer)
        finally:
            closed.set()

    policy = EgressPolicy(allow_loopback=True, idle_timeout=timedelta(seconds=0.05))
    async with serve(watch) as port, GuardedClient(policy) as guarded:
        await call(guarded, f"http://127.0.0.1:{port}/")
        await asyncio.wait_for(closed.wait(), 60)


async def test_a_cancelled_call_leaves_its_connection_to_nobody(client: GuardedClient) -> None:
    first = True

    async def hang_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal first
        if first:
            first = False
            await reader.read()
            return
        await respond(OK)(reader, writer)

    async with serve(hang_once) as port:
        task = asyncio.create_task(call(client, f"http://127.0.0.1:{port}/"))
        await until(lambda: not first)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await call(client, f"http://127.0.0.1:{port}/")).body == b"ok"


async def test_connections_are_bounded() -> None:
    running = 0
    most = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        await reader.readuntil(b"\r\n\r\n")
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        writer.write(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    policy = EgressPolicy(allow_loopback=True, max_connections=3)
    async with serve(slow) as port, GuardedClient(policy) as guarded:
        await asyncio.gather(*(call(guarded, f"http://127.0.0.1:{port}/") for _ in range(12)))
    assert most == 3
