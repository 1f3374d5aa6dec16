"""Keeps what the simulated providers accepted, in bounded memory and with exact counts.

Messages are kept as their JSON bytes: a hundred thousand Python objects with bodies would weigh
several times as much. The oldest ones give way; the counters do not forget them.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import islice

import orjson

from devstack.simulator.call import JsonObject
from devstack.simulator.journal import Journal
from devstack.simulator.message import Message


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """How much is kept: messages, their bytes, and keys for telling duplicates."""

    messages: int = 100_000
    bytes: int = 128 * 1024 * 1024
    keys: int = 500_000


@dataclass(slots=True)
class Tally:
    """Counters of one provider.

    `accepted` is `unique` plus `duplicates`. Two messages are the same delivery when recipient and
    step key agree. For those without a key (`unkeyed`) the content stands in for it, which is a
    guess; the duplicates found that way are counted in `lookalikes` too.
    """

    accepted: int = 0
    unique: int = 0
    duplicates: int = 0
    unkeyed: int = 0
    lookalikes: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    provider: str
    to: str
    sender: str
    key: str | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A slice of the matching messages, each as JSON bytes, and how many match in all."""

    total: int
    items: tuple[bytes, ...]


class Inbox:
    """The messages kept and the counts of all."""

    def __init__(self, limits: InboxLimits | None = None, journal: Journal | None = None) -> None:
        self._limits = limits or InboxLimits()
        self._journal: Journal | None = None
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._next = 1
        self._tallies: dict[str, Tally] = {}
        self._seen: set[bytes] = set()
        self._seen_order: deque[bytes] = deque()
        self._forgotten_keys = 0
        self._repeated: Counter[tuple[str, str, str]] = Counter()
        if journal is not None:
            self._restore(journal)

    def add(self, message: Message) -> int:
        """Record a message and return its number, counted from 1."""
        number = self._next
        self._next += 1
        self._count(message)
        entry = _Kept(
            message.provider,
            message.to.lower(),
            message.sender.lower(),
            message.step_key,
            # Copied to its exact size: orjson's own result keeps its far larger buffer.
            bytes(memoryview(message.encode(number))),
        )
        self._kept.append(entry)
        self._bytes += len(entry.data)
        self._trim()
        self._write(entry.data)
        return number

    def page(
        self,
        *,
        provider: str | None = None,
        to: str | None = None,
        sender: str | None = None,
        key: str | None = None,
        offset: int = 0,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page:
        """The messages that match all given filters; addresses ignore case."""
        to = to.lower() if to is not None else None
        sender = sender.lower() if sender is not None else None
        unfiltered = provider is None and to is None and sender is None and key is None
        source: Iterator[_Kept] = reversed(self._kept) if newest_first else iter(self._kept)
        if unfiltered:
            items = tuple(entry.data for entry in islice(source, offset, offset + limit))
            return Page(len(self._kept), items)
        matches = [
            entry.data
            for entry in source
            if (provider is None or entry.provider == provider)
            and (to is None or entry.to == to)
            and (sender is None or entry.sender == sender)
            and (key is None or entry.key == key)
        ]
        return Page(len(matches), tuple(matches[offset : offset + limit]))

    def find(self, number: int) -> bytes | None:
        """One message by its number, when it is still kept."""
        first = self._next - len(self._kept)
        if first <= number < self._next:
            return self._kept[number - first].data
        return None

    def find_by_id(self, provider: str, message_id: str) -> bytes | None:
        """One message by the provider's id, when it is still kept."""
        needle = orjson.dumps(message_id)
        for entry in reversed(self._kept):
            if entry.provider == provider and needle in entry.data:
                found: JsonObject = orjson.loads(entry.data)
                if found["id"] == message_id:
                    return entry.data
        return None

    def summary(self) -> JsonObject:
        """Counts of everything accepted since the last `clear`, see `Tally`.

        `forgotten_keys` tells how many old keys a repeat could no longer be held against.
        """
        names = list(asdict(Tally()))
        return {
            **{name: sum(getattr(t, name) for t in self._tallies.values()) for name in names},
            "kept": len(self._kept),
            "forgotten_keys": self._forgotten_keys,
            "by_provider": {
                provider: asdict(tally) for provider, tally in sorted(self._tallies.items())
            },
            "duplicated": [
                {"provider": provider, "step_key": key, "to": to, "count": count + 1}
                for (provider, key, to), count in self._repeated.most_common(20)
            ],
        }

    def clear(self) -> None:
        """Forget everything, the counts too."""
        self._kept.clear()
        self._bytes = 0
        self._next = 1
        self._tallies.clear()
        self._seen.clear()
        self._seen_order.clear()
        self._forgotten_keys = 0
        self._repeated.clear()
        if self._journal is not None:
            self._journal.rewrite(())

    def _trim(self) -> None:
        while len(self._kept) > self._limits.messages or (
            self._bytes > self._limits.bytes and len(self._kept) > 1
        ):
            self._bytes -= len(self._kept.popleft().data)

    def _write(self, data: bytes) -> None:
        if self._journal is None:
            return
        self._journal.append(data)
        if self._journal.size > 2 * self._limits.bytes:
            self._journal.rewrite(entry.data for entry in self._kept)

    def _restore(self, journal: Journal) -> None:
        for line in journal.lines():
            with suppress(ValueError):  # a line that something else spoilt
                self.add(Message.decode(line))
        self._journal = journal
        journal.rewrite(entry.data for entry in self._kept)

    def _count(self, message: Message) -> None:
        tally = self._tallies.setdefault(message.provider, Tally())
        tally.accepted += 1
        key = message.step_key
        if key is None:
            tally.unkeyed += 1
        identity = key or "\0".join((message.sender, message.subject, message.text, message.html))
        parts = "\0".join((message.provider, message.to.lower(), identity))
        digest = blake2b(parts.encode(), digest_size=12).digest()
        if digest not in self._seen:
            self._seen.add(digest)
            self._seen_order.append(digest)
            tally.unique += 1
            if len(self._seen) > self._limits.keys:
                self._seen.discard(self._seen_order.popleft())
                self._forgotten_keys += 1
            return
        tally.duplicates += 1
        tally.lookalikes += key is None
        named = (message.provider, key or "", message.to)
        if named in self._repeated or len(self._repeated) < 1_000:
            self._repeated[named] += 1
