"""Which addresses a stranger may make us call.

`ipaddress.is_global` is not enough: it calls addresses global that carry another address inside
(NAT64, 6to4, IPv4-compatible), and thereby 127.0.0.1 in disguise. So IPv6 is judged by an allow
list, global unicast without its special blocks, and IPv4 by the IANA special-purpose registry.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# IANA IPv4 special-purpose address registry, and what is not for unicast at all.
_DENIED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and the metadata service of some clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent, on a public address
        "169.254.0.0/16",  # link-local, and most clouds' metadata service
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

# Leaves out at once: unspecified, loopback, IPv4-mapped and -compatible (::/96), NAT64
# (64:ff9b::/96, 64:ff9b:1::/48), discard (100::/64), unique local (fc00::/7), link-local,
# site-local and multicast.
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")

_DENIED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, carries an IPv4 address
        "3fff::/20",  # documentation
    )
)

_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")


def parse_address(text: str) -> Address | None:
    """The address written in its canonical form, else None: no octal, hex or short forms."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether the address is an ordinary host on the internet."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _DENIED_V4)
    return (
        address.scope_id is None
        and address.is_global
        and address in _GLOBAL_UNICAST_V6
        and not any(address in block for block in _DENIED_V6)
    )


def is_loopback(address: Address) -> bool:
    """Whether the address is this machine's, written plainly: 127.0.0.0/8 or ::1."""
    if isinstance(address, IPv4Address):
        return address in _LOOPBACK_V4
    return address == _LOOPBACK_V6
