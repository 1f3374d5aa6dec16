"""Everything that differs from a text by one byte."""

from collections.abc import Iterator


def one_byte_off(data: bytes) -> Iterator[bytes]:
    """Each byte replaced by several others, removed, and doubled."""
    for place, byte in enumerate(data):
        head, tail = data[:place], data[place + 1 :]
        for other in (byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0x20, 0x2B, 0x3D, 0x26, 0x30):
            if other != byte:
                yield head + bytes([other]) + tail
        yield head + tail
        yield head + bytes([byte, byte]) + tail


def one_character_off(text: str) -> Iterator[str]:
    """The same of a header, which is ASCII."""
    for changed in one_byte_off(text.encode("latin-1")):
        yield changed.decode("latin-1")
