"""Which URLs and addresses the guard lets through: the table of hostile ones."""

from ipaddress import ip_address

import pytest

from common.egress.addresses import is_loopback, is_public, parse_address
from common.egress.errors import EgressRefused, Refusal
from common.egress.target import parse_target


@pytest.mark.parametrize(
    ("url", "scheme", "host", "port", "path", "authority"),
    [
        ("https://example.com", "https", "example.com", 443, b"/", "example.com"),
        ("http://example.com/a?b=c#d", "http", "example.com", 80, b"/a?b=c", "example.com"),
        ("HTTPS://EXAMPLE.com:8443/", "https", "example.com", 8443, b"/", "example.com:8443"),
        ("https://example.com:443/", "https", "example.com", 443, b"/", "example.com"),
        ("http://example.com./", "http", "example.com", 80, b"/", "example.com"),
        (
            "https://münchen.de/ö",
            "https",
            "xn--mnchen-3ya.de",
            443,
            b"/%C3%B6",
            "xn--mnchen-3ya.de",
        ),
        ("http://a_b.example.com/", "http", "a_b.example.com", 80, b"/", "a_b.example.com"),
        ("http://[2606:4700::1111]/", "http", "2606:4700::1111", 80, b"/", "[2606:4700::1111]"),
        ("http://1.1.1.1:80/", "http", "1.1.1.1", 80, b"/", "1.1.1.1"),
        ("http://example.com/@x", "http", "example.com", 80, b"/@x", "example.com"),
        ("http://1password.com/", "http", "1password.com", 80, b"/", "1password.com"),
    ],
)
def test_reads(url: str, scheme: str, host: str, port: int, path: bytes, authority: str) -> None:
    target = parse_target(url)
    assert (target.scheme, target.host, target.port, target.path) == (scheme, host, port, path)
    assert target.authority == authority


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", Refusal.MALFORMED_URL),
        ("example.com", Refusal.MALFORMED_URL),
        ("//example.com/", Refusal.MALFORMED_URL),
        ("/path", Refusal.MALFORMED_URL),
        ("http:/example.com", Refusal.MALFORMED_URL),
        ("http:example.com", Refusal.MALFORMED_URL),
        (" http://example.com", Refusal.MALFORMED_URL),
        ("http://example.com:port/", Refusal.MALFORMED_URL),
        ("http://example.com:80:80/", Refusal.MALFORMED_URL),
        ("http://example.com/\r\nHost: x", Refusal.MALFORMED_URL),
        ("http://example.com/\0", Refusal.MALFORMED_URL),
        ("http://exa\tmple.com/", Refusal.MALFORMED_URL),
        ("http://[::1", Refusal.MALFORMED_URL),
        ("http://[1.2.3.4]/", Refusal.MALFORMED_URL),
        ("http://example.com/" + "x" * 9_000, Refusal.MALFORMED_URL),
        ("file:///etc/passwd", Refusal.SCHEME),
        ("ftp://example.com/", Refusal.SCHEME),
        ("gopher://example.com:70/_x", Refusal.SCHEME),
        ("ws://example.com/", Refusal.SCHEME),
        ("unix:///var/run/docker.sock", Refusal.SCHEME),
        ("http+unix://%2Fvar%2Frun/", Refusal.SCHEME),
        ("http://user@example.com/", Refusal.USERINFO),
        ("http://user:pass@example.com/", Refusal.USERINFO),
        ("http://@example.com/", Refusal.USERINFO),
        ("http://:@example.com/", Refusal.USERINFO),
        ("http://example.com:80@127.0.0.1/", Refusal.USERINFO),
        ("http://127.0.0.1\\@example.com/", Refusal.USERINFO),
        ("http:///path", Refusal.HOST),
        ("http://127.0.0.1\\example.com/", Refusal.HOST),
        ("http://exa%6dple.com/", Refusal.HOST),
        ("http://127.0.0.%31/", Refusal.HOST),
        ("http://exa mple.com/", Refusal.HOST),
        ("http://.example.com/", Refusal.HOST),
        ("http://example..com/", Refusal.HOST),
        ("http://-example.com/", Refusal.HOST),
        ("http://" + "x" * 64 + ".com/", Refusal.HOST),
        ("http://" + "x." * 130 + "com/", Refusal.HOST),
        ("http://a,b/", Refusal.HOST),
        ("http://a|b/", Refusal.HOST),
        # Other spellings of 127.0.0.1 and friends, which resolvers understand.
        ("http://2130706433/", Refusal.HOST),
        ("http://0x7f000001/", Refusal.HOST),
        ("http://0x7f.1/", Refusal.HOST),
        ("http://0x7f.0.0.1/", Refusal.HOST),
        ("http://127.1/", Refusal.HOST),
        ("http://127.0.1/", Refusal.HOST),
        ("http://017700000001/", Refusal.HOST),
        ("http://0/", Refusal.HOST),
        ("http://0x/", Refusal.HOST),
        ("http://foo.0x7f/", Refusal.HOST),
        ("http://0177.0.0.1/", Refusal.MALFORMED_URL),
        ("http://127.0.0.01/", Refusal.MALFORMED_URL),
        ("http://256.1.1.1/", Refusal.MALFORMED_URL),
        ("http://１２７.0.0.1/", Refusal.MALFORMED_URL),  # noqa: RUF001 - fullwidth on purpose
        ("http://①②⑦.0.0.1/", Refusal.MALFORMED_URL),
        ("http://[fe80::1%25eth0]/", Refusal.HOST),
        ("http://example.com:0/", Refusal.PORT),
        ("http://example.com:65536/", Refusal.PORT),
        ("http://example.com:99999999999/", Refusal.PORT),
    ],
)
def test_refuses(url: str, reason: Refusal) -> None:
    with pytest.raises(EgressRefused) as refused:
        parse_target(url)
    assert refused.value.reason is reason


def test_ideographic_dots_are_dots_and_the_address_is_seen() -> None:
    target = parse_target("http://127。0。0。1/")
    assert target.address == ip_address("127.0.0.1")


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
        *("127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.0.1"),
        *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1"),
        *("192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.1.1", "192.175.48.1"),
        *("198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
        *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1"),
        *("2001::1", "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1"),
        *("2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1"),
        *("fc00::1", "fd00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1"),
        *("ff02::1", "ff0e::1", "4000::1", "2606:4700::1111%eth0"),
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1"),
        *("126.255.255.255", "128.0.0.1", "169.253.1.1", "172.15.255.255", "172.32.0.1"),
        *("192.0.1.1", "198.17.1.1", "198.20.0.1", "223.255.255.255"),
        *("2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2003::1", "2400::1"),
    ],
)
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::1%lo", False),
        ("::ffff:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(address: str, *, loopback: bool) -> None:
    assert is_loopback(ip_address(address)) is loopback


@pytest.mark.parametrize("text", ["", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "1.2.3.4 "])
def test_only_the_canonical_form_is_an_address(text: str) -> None:
    assert parse_address(text) is None
