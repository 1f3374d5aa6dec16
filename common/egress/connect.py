"""Opens connections to judged addresses only, and keeps them apart by what they were judged for.

The pool of connections finds them by origin. A `Pin` is what stands there as the host: the name
together with the address. So a connection is used again only for the same name at the same address,
and TLS, which was checked against the name, holds for every request that goes over it.
"""

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import httpcore

from common.egress.addresses import Address, parse_address


@dataclass(frozen=True, slots=True)
class Pin:
    """A name and the one address that may be connected to for it."""

    host: str
    address: Address

    def encode(self) -> bytes:
        """As an origin's host. `|` occurs in neither part."""
        return f"{self.address}|{self.host}".encode("ascii")

    @classmethod
    def decode(cls, text: str) -> "Pin":
        """The reverse of `encode`. Raises ValueError for a host that is no pin."""
        written, separator, host = text.partition("|")
        address = parse_address(written)
        if address is None or not separator:
            raise ValueError("not a pinned host")
        return cls(host, address)


class PinningBackend(httpcore.AsyncNetworkBackend):
    """Connects to the address in the pin; there is no name left to resolve."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend | None = None) -> None:
        # httpcore hides the class from type checkers, because anyio is optional for it.
        default = cast(Callable[[], httpcore.AsyncNetworkBackend], httpcore.AnyIOBackend)
        self._backend = backend or default()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the pinned address, and make sure that it is the one at the other end."""
        pin = Pin.decode(host)
        stream = await self._backend.connect_tcp(
            str(pin.address), port, timeout, local_address, socket_options
        )
        peer = stream.get_extra_info("server_addr")
        if peer is not None and parse_address(str(peer[0])) != pin.address:
            await stream.aclose()
            raise httpcore.ConnectError("connected to an address that was not judged")
        return stream

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: a Unix socket is this machine."""
        raise httpcore.ConnectError("Unix sockets are not for guarded calls")

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's own use."""
        await self._backend.sleep(seconds)


def explain(error: Exception) -> str:
    """Why no connection came about, in words without addresses."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection could be made"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused"
        cause = cause.__cause__ or cause.__context__
    return "the host could not be reached"
