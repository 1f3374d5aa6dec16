"""webhook_call and receivers that misbehave: each fault, and what the retry table makes of it."""

import asyncio
import gzip
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import orjson
import pytest

from action_service.domain.retry import ErrorClass, RetryTiming, retry_delay
from tests.support.egress import Handler, serve
from tests.unit.executor_service.handlers.harness import Bench
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.execution.v1 import execution_pb2

MEGABYTE = b"x" * 1024 * 1024
# As it is unless the step says otherwise.
MAX_RETRIES = 3


def answer(head: bytes, body: bytes = b"", *, times: int = 1) -> Handler:
    """Says the same to every request, and then hangs up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = b"Content-Length: %d\r\n" % (len(body) * times)
        writer.write(b"HTTP/1.1 " + head + b"\r\n" + length + b"\r\n")
        for _ in range(times):
            writer.write(body)
            await writer.drain()

    return handler


def raw(content: bytes) -> Handler:
    """Says something that need not be HTTP."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        await writer.drain()

    return handler


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers a byte at a time, without end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Breaks the connection once it has the request."""
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def hundred_megabytes(head: bytes) -> Handler:
    return answer(head, MEGABYTE, times=100)


FAULTS: dict[str, tuple[Handler, str, timedelta | None]] = {
    "429": (answer(b"429 Slow down\r\nRetry-After: 7"), "rate_limit", timedelta(seconds=7)),
    "500": (answer(b"500 Oops"), "service_unavailable", None),
    "503": (answer(b"503 Away\r\nRetry-After: 9"), "service_unavailable", timedelta(seconds=9)),
    "hang": (hang, "network_timeout", None),
    "slow drip": (drip, "network_timeout", None),
    "reset": (reset, "network_timeout", None),
    "hung up": (raw(b""), "network_timeout", None),
    "garbage": (raw(b"\x16\x03\x01 garbage\r\n\r\n"), "network_timeout", None),
    "half an answer": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        "network_timeout",
        None,
    ),
    "broken gzip": (answer(b"200 OK\r\nContent-Encoding: gzip", b"none"), "network_timeout", None),
    "100 MB of 503": (hundred_megabytes(b"503 Away"), "service_unavailable", None),
    "100 MB of 404": (hundred_megabytes(b"404 Not Found"), "rejected", None),
    "401": (answer(b"401 Unauthorized"), "authentication", None),
    "302": (answer(b"302 Found\r\nLocation: http://127.0.0.1/"), "rejected", None),
}


async def call(bench: Bench, handler: Handler, **changes: Any) -> ActionResult:
    """The result of a step whose receiver is `handler`."""
    # Time enough for a hundred megabytes, on a busy machine too, but where there is no end.
    seconds = 1 if handler in (hang, drip) else 60
    async with serve(handler) as port:
        config = {
            "url": f"http://127.0.0.1:{port}/",
            "method": "POST",
            "timeout_seconds": seconds,
        }
        return await bench.result("webhook_call", config | changes)


def retries(error: ErrorClass, retry_after: timedelta | None) -> int:
    """How often the engine tries again, never sooner than asked for."""
    timing, rng, made = RetryTiming(), Random(1), 0
    while (
        delay := retry_delay(
            error, made, timing=timing, rng=rng, retry_after=retry_after, max_retries=MAX_RETRIES
        )
    ) is not None:
        assert delay >= (retry_after or timedelta(0))
        made += 1
    return made


@pytest.mark.parametrize(("handler", "error", "retry_after"), FAULTS.values(), ids=FAULTS)
async def test_faults(
    bench: Bench, handler: Handler, error: str, retry_after: timedelta | None
) -> None:
    result = await call(bench, handler, store_response=True)
    name = execution_pb2.ErrorClass.Name(result.failed.error_class)
    assert name == f"ERROR_CLASS_{error.upper()}"
    waits = result.failed.HasField("retry_after")
    assert (result.failed.retry_after.ToTimedelta() if waits else None) == retry_after
    tried = retries(ErrorClass(error), retry_after)
    assert tried == (0 if error in {"authentication", "rejected"} else MAX_RETRIES)


LARGE: dict[str, Callable[[], Handler]] = {
    "100 MB": lambda: hundred_megabytes(b"200 OK"),
    "a gzip bomb": lambda: answer(
        b"200 OK\r\nContent-Encoding: gzip", gzip.compress(MEGABYTE * 100)
    ),
}


@pytest.mark.parametrize("handler", LARGE.values(), ids=LARGE)
async def test_what_is_too_large_counts_by_its_status_unless_it_is_wanted(
    bench: Bench, handler: Callable[[], Handler]
) -> None:
    result = await call(bench, handler())
    assert orjson.loads(result.completed.output_json) == {"status_code": 200}
    result = await call(bench, handler(), store_response=True)
    # The receiver has acted: another try would bring the same.
    assert result.failed.error_class == execution_pb2.ERROR_CLASS_INTERNAL
    assert "larger than 256 KiB" in result.failed.message


async def test_headers_of_one_name_in_two_spellings_are_one(bench: Bench) -> None:
    seen: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    headers = {"content-type": "text/plain", "authorization": "mine", "IDEMPOTENCY-KEY": "k"}
    auth = {"auth_type": "bearer", "auth_config": {"token": "t0ken"}}
    await call(bench, note, headers=headers, payload={"a": 1}, **auth)
    lines = [line.lower() for line in seen[0].split(b"\r\n")]
    for name, value in {
        b"content-type": b"text/plain",
        b"authorization": b"bearer t0ken",
        b"idempotency-key": b"k",
    }.items():
        assert [line for line in lines if line.startswith(name + b":")] == [name + b": " + value]
