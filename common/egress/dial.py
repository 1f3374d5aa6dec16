"""Opens connections, to addresses only: past this point there is no name left to resolve."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Protocol

from common.egress.addresses import Address, parse_address
from common.egress.wire import Wire


@dataclass(frozen=True, slots=True)
class Origin:
    """What a connection is good for: one scheme and name, at the one address judged for it.

    The name belongs to it because TLS was checked against it, the address because the name may
    mean another one next time.
    """

    scheme: str
    host: str
    port: int
    address: Address


class Dialer(Protocol):
    """Makes a TCP connection."""

    async def dial(self, address: Address, port: int) -> socket.socket:
        """A connected non-blocking socket. Raises OSError."""
        ...


class SystemDialer:
    """The operating system's TCP."""

    async def dial(self, address: Address, port: int) -> socket.socket:
        """Connect, and make sure that it is the address asked for at the other end."""
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(0)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
            _check_peer(connection, address)
        except BaseException:
            connection.close()
            raise
        return connection


def _check_peer(connection: socket.socket, address: Address) -> None:
    if parse_address(str(connection.getpeername()[0])) != address:
        raise OSError("connected to an address that was not judged")


async def open_wire(dialer: Dialer, origin: Origin, tls: ssl.SSLContext) -> Wire:
    """Connect, with TLS checked against the origin's name for https. Raises OSError."""
    connection = await dialer.dial(origin.address, origin.port)
    secure = origin.scheme == "https"
    try:
        _, wire = await asyncio.get_running_loop().create_connection(
            Wire,
            sock=connection,
            ssl=tls if secure else None,
            server_hostname=origin.host if secure else None,
        )
    except BaseException:
        connection.close()
        raise
    return wire


def explain(error: OSError) -> str:
    """Why no connection came about, in words without addresses."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not valid: {error.verify_message}"
        case ssl.SSLError():
            return "no TLS connection could be made"
        case ConnectionRefusedError():
            return "the connection was refused"
        case _:
            return "the host could not be reached"
