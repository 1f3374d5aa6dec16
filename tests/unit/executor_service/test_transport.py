"""Connections to providers, kept while they are in use; answers, bounded in time and size."""

import gzip
import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from executor_service.adapters import transport
from executor_service.adapters.transport import MAX_BODY_BYTES, ProviderTransport
from executor_service.domain.classify import NoAnswerError


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
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=60))
    with provider() as server:
        for _ in range(3):
            answer = client.request("POST", server.url, headers={}, body=b"{}")
            assert answer.status == 202
        assert server.connections == connections


BIG = MAX_BODY_BYTES + 1


@contextmanager
def saying(*parts: bytes, then: float = 0) -> Generator[str]:
    """A server that says these bytes to the first request; `then`: how long it stays (seconds)."""
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            for part in parts:
                connection.sendall(part)
            over.wait(then)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode()


@pytest.mark.parametrize(
    "parts",
    [
        (head("200 OK", f"Content-Length: {BIG}"), b"x" * BIG),
        (
            head("200 OK", "Content-Encoding: gzip", "Connection: close"),
            gzip.compress(b"\0" * 100 * 1024 * 1024),
        ),
        (head("200 OK", "Content-Length: 10"), b"x"),
        (head("200 OK", "Content-Encoding: gzip", "Content-Length: 3"), b"xyz"),
        (head("200 OK", "Transfer-Encoding: chunked"), b"zz\r\n"),
    ],
    ids=["too large", "too large once unpacked", "cut off", "no gzip", "no chunks"],
)
def test_a_body_that_is_no_good_leaves_the_status(parts: Sequence[bytes]) -> None:
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=60))
    with saying(*parts) as url:
        answer = client.request("GET", url, headers={}, body=None)
    assert (answer.status, answer.body) == (200, b"")


def test_a_body_of_the_largest_size_is_had_whole() -> None:
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=60))
    length = f"Content-Length: {MAX_BODY_BYTES}"
    with saying(head("200 OK", length), b"x" * MAX_BODY_BYTES) as url:
        answer = client.request("GET", url, headers={}, body=None)
    assert answer.body == b"x" * MAX_BODY_BYTES


def test_a_body_has_to_have_come_by_the_deadline() -> None:
    # Time enough for the status to come, on a busy machine too.
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=2))
    with saying(head("503 Down", "Content-Length: 10"), b"x", then=60) as url:
        answer = client.request("GET", url, headers={}, body=None)
    assert (answer.status, answer.body) == (503, b"")


@pytest.mark.parametrize(
    "parts", [(b"HTTP/1.1 200 OK\r\n",), (b"H",), ()], ids=["headers", "status", "nothing"]
)
def test_an_answer_that_does_not_come_by_the_deadline(parts: Sequence[bytes]) -> None:
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=0.2))
    with saying(*parts, then=60) as url, pytest.raises(NoAnswerError, match="read timeout"):
        client.request("GET", url, headers={}, body=None)


def test_headers_that_come_byte_by_byte_do_not_put_the_deadline_off() -> None:
    client = ProviderTransport(connections=1, read_timeout=timedelta(seconds=0.3))
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Padding: ")
            while not over.wait(0.02):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            with pytest.raises(NoAnswerError, match="read timeout"):
                client.request("GET", url, headers={}, body=None)
        finally:
            over.set()
            thread.join()
