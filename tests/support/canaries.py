"""Looks for texts that must be nowhere: in every table, stream and log of a stack."""

import re
from collections.abc import Collection

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from common.nats import connect
from common.nats.streams import STREAMS
from devstack.stack import Stack

_TABLES = """
    SELECT table_schema || '.' || table_name FROM information_schema.tables
    WHERE table_schema IN ('treadle', 'scheduler') AND table_type = 'BASE TABLE'
"""
DATABASE = "treadle"


def in_database(stack: Stack, texts: Collection[str]) -> set[str]:
    """The tables that have one of the texts, bytes too."""
    found: set[str] = set()
    for table in stack.postgres.query(_TABLES, DATABASE).splitlines():
        rows = stack.postgres.query(f"SELECT t::text FROM {table} t", DATABASE).lower()
        for text in texts:
            if text.lower() in rows or _hex(text) in rows:
                found.add(table)
    return found


async def in_streams(stack: Stack, texts: Collection[str]) -> set[str]:
    """The subjects of messages that have one of the texts."""
    nc = await connect(stack.nats.url, name="canaries")
    try:
        js = nc.jetstream()  # pyright: ignore[reportUnknownMemberType] - untyped options
        return {
            subject for stream in STREAMS for subject in await _in_stream(js, stream.name, texts)
        }
    finally:
        await nc.close()


async def _in_stream(js: JetStreamContext, stream: str, texts: Collection[str]) -> set[str]:
    found: set[str] = set()
    sequence = 1
    try:
        while True:
            message = await js.get_msg(stream, sequence, ">", next=True)
            data = (message.data or b"").lower()
            if any(text.lower().encode() in data for text in texts):
                found.add(message.subject or "")
            sequence = (message.seq or sequence) + 1
    except NotFoundError:
        return found


def in_files(stack: Stack, texts: Collection[str]) -> set[str]:
    """The logs, and files of the NATS store, that have one of the texts."""
    wanted = re.compile(b"|".join(re.escape(text.encode()) for text in texts), re.IGNORECASE)
    folders = (stack.data.logs, stack.data.nats)
    return {
        str(path.relative_to(stack.data.root))
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and wanted.search(path.read_bytes())
    }


def _hex(text: str) -> str:
    return text.lower().encode().hex()
