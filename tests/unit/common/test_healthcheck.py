"""The command behind the containers' health checks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from common.auth import TokenVerifier
from common.grpc.server import GrpcServer
from common.healthcheck import main

NOBODY = "127.0.0.1:1"


async def check(target: str) -> int:
    return await asyncio.to_thread(main, [target])


async def test_a_server_that_serves_and_one_that_drains(
    capsys: pytest.CaptureFixture[str],
) -> None:
    server = GrpcServer(TokenVerifier(SecretStr("s" * 32)))
    async with server.running("127.0.0.1:0") as address:
        assert await check(address) == 0
        await server.set_serving(False)
        assert await check(address) == 1
    assert capsys.readouterr().err == f"{address}: NOT_SERVING\n"


async def test_nobody_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert await check(NOBODY) == 1
    assert await check(f"http://{NOBODY}/readyz") == 1
    assert "UNAVAILABLE" in capsys.readouterr().err


@asynccontextmanager
async def web_server(status: str) -> AsyncGenerator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/readyz"


@pytest.mark.parametrize(
    ("status", "expected"), [("200 OK", 0), ("204 No Content", 1), ("503 Service Unavailable", 1)]
)
async def test_http(status: str, expected: int) -> None:
    async with web_server(status) as url:
        assert await check(url) == expected


def test_a_target_is_needed() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
