"""The proxy over real sockets: what it lets through, holds back, slows down and cuts."""

import socket
import threading
import time
from collections.abc import Generator

import pytest

from devstack.ports import LOOPBACK
from tests.chaos.proxy import Line, Proxy

SOON = 0.2
LATE = 60.0


@pytest.fixture
def echo() -> Generator[int]:
    """A server that says back what it hears."""
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(65536):
                        connection.sendall(data)
                except OSError:
                    return

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def line(echo: int) -> Generator[Line]:
    with Proxy() as proxy:
        yield proxy.line("test>echo", echo)


def connected(line: Line) -> socket.socket:
    return socket.create_connection((LOOPBACK, line.port), timeout=LATE)


def heard(connection: socket.socket, within: float) -> bytes | None:
    connection.settimeout(within)
    try:
        return connection.recv(65536)
    except TimeoutError:
        return None


def test_it_carries_both_ways_and_ends_with_either_side(line: Line) -> None:
    with connected(line) as connection:
        connection.sendall(b"hello")
        assert heard(connection, LATE) == b"hello"
        connection.shutdown(socket.SHUT_WR)
        assert heard(connection, LATE) == b""


@pytest.mark.parametrize(("there", "back"), [(True, False), (False, True), (True, True)])
def test_what_is_held_back_comes_when_the_line_heals(line: Line, there: bool, back: bool) -> None:
    with connected(line) as connection:
        connection.sendall(b"first")
        assert heard(connection, LATE) == b"first"
        line.block(there=there, back=back)
        connection.sendall(b"second")
        assert heard(connection, SOON) is None
        line.heal()
        assert heard(connection, LATE) == b"second"


def test_nobody_reaches_the_server_through_a_partition(line: Line) -> None:
    line.block(there=True, back=True)
    with connected(line) as connection:
        connection.sendall(b"knock")
        assert heard(connection, SOON) is None
        line.heal()
        assert heard(connection, LATE) == b"knock"


def test_a_reset_reaches_every_connection(line: Line) -> None:
    with connected(line) as one, connected(line) as other:
        for connection in (one, other):
            connection.sendall(b"hello")
            assert heard(connection, LATE) == b"hello"
        line.reset()
        for connection in (one, other):
            with pytest.raises(ConnectionResetError):
                heard(connection, LATE)
    with connected(line) as again:
        again.sendall(b"hello")
        assert heard(again, LATE) == b"hello"


def test_delay_and_throttle_take_their_time(line: Line) -> None:
    with connected(line) as connection:
        for slow in (lambda: line.delay(0.05), lambda: line.throttle(100)):
            slow()
            start = time.monotonic()
            connection.sendall(b"0123456789")
            assert heard(connection, LATE) == b"0123456789"
            # Once there and once back.
            assert time.monotonic() - start >= 0.1
            line.heal()


def test_a_server_that_is_not_there_resets(echo: int) -> None:
    with socket.socket() as taken, Proxy() as proxy:
        taken.bind((LOOPBACK, 0))
        line = proxy.line("test>nobody", taken.getsockname()[1])
        # The reset may come before the connection is of use to anybody.
        with pytest.raises(ConnectionResetError), connected(line) as connection:
            heard(connection, LATE)
