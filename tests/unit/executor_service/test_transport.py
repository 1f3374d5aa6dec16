"""Connections to providers: kept while they are in use, and not used once they have been idle."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from executor_service.adapters import transport
from executor_service.adapters.transport import ProviderTransport


class Provider(ThreadingHTTPServer):
    """Counts the connections that are made to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """Takes anything."""

    protocol_version = "HTTP/1.1"
    server: Provider  # pyright: ignore[reportIncompatibleVariableOverride] - it is

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def provider() -> Generator[Provider]:
    """One that answers until the block ends."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("idle", "connections"), [(60.0, 1), (-1.0, 3)])
def test_what_has_been_idle_is_not_used(
    monkeypatch: pytest.MonkeyPatch, idle: float, connections: int
) -> None:
    monkeypatch.setattr(transport, "MAX_IDLE_S", idle)
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=5))
    with provider() as server:
        for _ in range(3):
            answer = client.request("POST", server.url, headers={}, body=b"{}")
            assert answer.status == 202
        assert server.connections == connections
