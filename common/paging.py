"""Pages of lists, by keyset: opaque tokens that belong to one list with one set of filters.

WORKFLOWS = PageTokens("workflows", tuple[datetime, UUID])

page = WORKFLOWS.page(request.page_size, request.page_token, account=account, status=status)
rows = fetch(after=page.after, limit=page.limit)
shown, next_page_token = page.cut(rows, lambda row: (row.created_at, row.id))
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from common.errors import FieldViolation, TreadleError, invalid, malformed

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200

_FINGERPRINT_BYTES: Final = 8
# Room for a name of 200 characters, each of which JSON may write in six.
_MAX_TOKEN_LENGTH: Final = 2048

Cursor = TypeVar("Cursor")
Row = TypeVar("Row")


class PageTokens(Generic[Cursor]):
    """The pages of one list; `cursor` is the type of its sort key: `tuple[datetime, UUID]`."""

    def __init__(self, listing: str, cursor: type[Cursor]) -> None:
        self._listing = listing
        self._cursor = TypeAdapter(cursor)

    def page(self, page_size: int, page_token: str, **filters: object) -> "Page[Cursor]":
        """Read what a request asks for: size 0 is the default, and a larger one than 200 is 200.

        Refuses a negative size, and a token that was not made by this list with these filters
        (the caller's account should be one of them).
        """
        if page_size < 0:
            raise invalid([FieldViolation("page_size", "must not be negative")])
        size = min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
        fingerprint = self._fingerprint(filters)
        after = self._read(page_token, fingerprint) if page_token else None
        return Page(size, after, fingerprint, self._cursor)

    def _read(self, token: str, fingerprint: bytes) -> Cursor:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise _foreign_token()
        try:
            padded = token + "=" * (-len(token) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
            if raw[:_FINGERPRINT_BYTES] != fingerprint:
                raise _foreign_token()
            return self._cursor.validate_json(raw[_FINGERPRINT_BYTES:])
        except (binascii.Error, ValueError, ValidationError):
            raise _foreign_token() from None

    def _fingerprint(self, filters: dict[str, object]) -> bytes:
        parts = [self._listing, *(f"{key}={filters[key]}" for key in sorted(filters))]
        text = "\0".join(parts)
        return hashlib.blake2b(text.encode(), digest_size=_FINGERPRINT_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Page(Generic[Cursor]):
    """The page a request asks for: up to `size` rows whose sort key is beyond `after`."""

    size: int
    after: Cursor | None
    _fingerprint: bytes
    _adapter: TypeAdapter[Cursor]

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than are shown, to see whether there is a next page."""
        return self.size + 1

    def cut(
        self, rows: Sequence[Row], cursor: Callable[[Row], Cursor]
    ) -> tuple[Sequence[Row], str]:
        """Return the rows to show and the next page's token, empty on the last page."""
        if len(rows) <= self.size:
            return rows, ""
        shown = rows[: self.size]
        return shown, self.token(cursor(shown[-1]))

    def token(self, cursor: Cursor) -> str:
        """Return the token of the page that begins after `cursor`."""
        raw = self._fingerprint + self._adapter.dump_json(cursor)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _foreign_token() -> TreadleError:
    return malformed("page_token", "is not a page token of this list with these filters")
