"""The export: every holding of a contact as a member of one JSON object.

Rows are read by a cursor and written as they come, so that a long history needs no memory.
"""

from collections.abc import AsyncGenerator, Collection, Sequence
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.privacy.holdings import HOLDINGS

# Of a piece: far below what gRPC takes, far above what a row needs.
_PIECE: Final = 64 * 1024

_SECTIONS: Final = [
    (
        holding.section,
        text(
            f"SELECT CAST({holding.shown} AS text) FROM {holding.table} t"  # noqa: S608 - constants
            f" WHERE {holding.where} ORDER BY {holding.order}"
        ),
    )
    for holding in reversed(HOLDINGS)
    if holding.section
]


async def export(
    connection: AsyncConnection, account_id: UUID, contact_id: UUID, addresses: Collection[str]
) -> AsyncGenerator[bytes]:
    """The pieces of the document."""
    values: dict[str, object] = {
        "account": account_id,
        "contact": contact_id,
        "contact_text": str(contact_id),
        "addresses": list(addresses),
    }
    now = (await connection.execute(text("SELECT now()"))).scalar_one()
    head = {"contact_id": str(contact_id), "exported_at": now}
    piece = bytearray(orjson.dumps(head)[:-1])
    for section, statement in _SECTIONS:
        piece += b"," + orjson.dumps(section) + b":["
        rows = await connection.stream(statement, values)
        is_first = True
        async for partition in rows.partitions(500):
            found: Sequence[str] = [row[0] for row in partition]
            piece += b"" if is_first else b","
            piece += ",".join(found).encode()
            is_first = False
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
        piece += b"]"
    piece += b"}\n"
    yield bytes(piece)
