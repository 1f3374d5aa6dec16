"""Keeps what the simulated providers accepted, in bounded memory and with exact counts.

Messages are kept as their JSON bytes: a hundred thousand Python objects with bodies would weigh
several times as much. The oldest ones give way; the counters do not forget them.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import islice

import orjson

from devstack.simulator.call import JsonObject

# The names, in order of preference, under which a caller may give the key of a workflow step.
STEP_KEYS = ("step_key", "action_execution_id", "idempotency_key")


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery to one recipient."""

    provider: str
    id: str
    to: str
    sender: str
    subject: str
    text: str
    html: str
    custom_args: Mapping[str, str]
    received_at: datetime
    details: JsonObject = field(default_factory=dict[str, object])

    @property
    def step_key(self) -> str | None:
        """The key of the step that sent it, the same over all attempts."""
        return next((self.custom_args[n] for n in STEP_KEYS if self.custom_args.get(n)), None)


@dataclass(frozen=True, slots=True)
class InboxLimits:
    """How much is kept: messages, their bytes, and keys for telling duplicates."""

    messages: int = 100_000
    bytes: int = 192 * 1024 * 1024
    keys: int = 1_000_000


@dataclass(slots=True)
class Tally:
    """Counters of one provider."""

    accepted: int = 0
    unique: int = 0
    duplicates: int = 0
    unkeyed: int = 0


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

    def __init__(self, limits: InboxLimits | None = None) -> None:
        self._limits = limits or InboxLimits()
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._next = 1
        self._tallies: dict[str, Tally] = {}
        self._seen: OrderedDict[bytes, int] = OrderedDict()
        self._forgotten_keys = 0
        self._repeated: Counter[tuple[str, str, str]] = Counter()

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
            _encode(number, message),
        )
        self._kept.append(entry)
        self._bytes += len(entry.data)
        while len(self._kept) > self._limits.messages or (
            self._bytes > self._limits.bytes and len(self._kept) > 1
        ):
            self._bytes -= len(self._kept.popleft().data)
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
        """Counts of everything accepted since the start or the last `clear`."""
        return {
            "accepted": sum(tally.accepted for tally in self._tallies.values()),
            "unique": sum(tally.unique for tally in self._tallies.values()),
            "duplicates": sum(tally.duplicates for tally in self._tallies.values()),
            "unkeyed": sum(tally.unkeyed for tally in self._tallies.values()),
            "kept": len(self._kept),
            "forgotten_keys": self._forgotten_keys,
            "by_provider": {
                name: {
                    "accepted": tally.accepted,
                    "unique": tally.unique,
                    "duplicates": tally.duplicates,
                    "unkeyed": tally.unkeyed,
                }
                for name, tally in sorted(self._tallies.items())
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
        self._forgotten_keys = 0
        self._repeated.clear()

    def _count(self, message: Message) -> None:
        tally = self._tallies.setdefault(message.provider, Tally())
        tally.accepted += 1
        key = message.step_key
        if key is None:
            tally.unkeyed += 1
        # Without a key the content stands in for it: a step is rarely worded twice alike.
        identity = key or "\0".join((message.sender, message.subject, message.text, message.html))
        parts = "\0".join((message.provider, message.to.lower(), identity))
        digest = blake2b(parts.encode(), digest_size=12).digest()
        if digest not in self._seen:
            self._seen[digest] = 1
            tally.unique += 1
            if len(self._seen) > self._limits.keys:
                self._seen.popitem(last=False)
                self._forgotten_keys += 1
            return
        tally.duplicates += 1
        named = (message.provider, key or "", message.to)
        if named in self._repeated or len(self._repeated) < 1_000:
            self._repeated[named] += 1


def _encode(number: int, message: Message) -> bytes:
    return orjson.dumps(
        {
            "number": number,
            "provider": message.provider,
            "id": message.id,
            "to": message.to,
            "from": message.sender,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "step_key": message.step_key,
            "attempt_id": message.custom_args.get("attempt_id"),
            "custom_args": dict(message.custom_args),
            "details": message.details,
            "received_at": message.received_at,
        },
        option=orjson.OPT_UTC_Z,
    )
