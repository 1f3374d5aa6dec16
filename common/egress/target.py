"""Reads a URL the way the guard understands it, and refuses what others could read differently.

Attacks on guards live from two parsers that disagree. Here one parser decides, and what it gives is
what is resolved, judged, connected to, and sent as Host.
"""

import re
from dataclasses import dataclass

import httpx

from common.egress.addresses import Address, parse_address
from common.egress.errors import EgressRefused, Refusal

MAX_URL_LENGTH = 8_192
DEFAULT_PORTS = {"http": 80, "https": 443}

_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# The last label of a name is never numeric; resolvers would take such a host for an address.
_NUMERIC = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. `host` is in ASCII and lower case; `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: bytes
    address: Address | None

    @property
    def authority(self) -> str:
        """The Host header's value."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read the URL. Raises EgressRefused for anything but a plain http or https one."""
    if len(url) > MAX_URL_LENGTH:
        raise EgressRefused(Refusal.MALFORMED_URL, f"the URL is over {MAX_URL_LENGTH} characters")
    authority = _AUTHORITY.match(url)
    if authority is None:
        raise EgressRefused(Refusal.MALFORMED_URL, "the URL must be absolute: https://host/path")
    if "@" in authority[1]:
        raise EgressRefused(Refusal.USERINFO, "the URL must carry no user name or password")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise EgressRefused(Refusal.MALFORMED_URL, "the URL is malformed") from error
    if parsed.scheme not in DEFAULT_PORTS:
        raise EgressRefused(Refusal.SCHEME, "the URL must start with http:// or https://")
    port = DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port < 65_536:
        raise EgressRefused(Refusal.PORT, "the port must be between 1 and 65535")
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    return Target(parsed.scheme, host, port, parsed.raw_path, _judge_host(host))


def _judge_host(host: str) -> Address | None:
    address = parse_address(host)
    if address is not None and "%" not in host:
        return address
    if len(host) > 253 or not _HOSTNAME.fullmatch(host):
        raise EgressRefused(Refusal.HOST, "the URL's host is not a valid name")
    if _NUMERIC.fullmatch(host):
        message = "a numeric host must be an address in its usual form, such as 192.0.2.1"
        raise EgressRefused(Refusal.HOST, message)
    return None
