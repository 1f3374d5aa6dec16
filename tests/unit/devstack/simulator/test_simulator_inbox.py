"""What the inbox keeps, how it counts, and what it still knows after a restart."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from devstack.simulator.call import JsonObject, as_list, as_object
from devstack.simulator.inbox import Inbox, InboxLimits
from devstack.simulator.journal import Journal
from devstack.simulator.message import Message

NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)


def message(
    to: str = "mia@example.com",
    key: str | None = None,
    text: str = "Hi",
    provider: str = "sendgrid",
) -> Message:
    arguments = {"action_execution_id": key} if key else {}
    return Message(provider, f"id-{to}", to, "a@b.example", "S", text, "", arguments, NOON)


def numbers(items: tuple[bytes, ...]) -> list[int]:
    return [orjson.loads(item)["number"] for item in items]


def tally(summary: JsonObject, provider: str) -> JsonObject:
    found = as_object((as_object(summary["by_provider"]) or {})[provider])
    assert found is not None
    return found


def test_counts_duplicates_by_step_and_recipient() -> None:
    inbox = Inbox()
    inbox.add(message(key="e1"))
    inbox.add(message(key="e1", to="li@example.com"))
    inbox.add(message(key="e2"))
    inbox.add(message(key="e1", text="worded otherwise"))
    inbox.add(message(key="e1", to="MIA@example.com"))
    inbox.add(message(key="e1", provider="twilio"))

    summary = inbox.summary()

    assert (summary["accepted"], summary["unique"], summary["duplicates"]) == (6, 4, 2)
    assert tally(summary, "sendgrid")["duplicates"] == 2
    assert tally(summary, "twilio")["duplicates"] == 0
    assert summary["lookalikes"] == 0
    named = [as_object(item) or {} for item in as_list(summary["duplicated"]) or []]
    assert {item["to"] for item in named} == {"MIA@example.com", "mia@example.com"}


def test_without_a_key_the_content_tells_duplicates() -> None:
    inbox = Inbox()
    for text in ("one", "two", "one"):
        inbox.add(message(text=text))
    summary = inbox.summary()
    assert (summary["unkeyed"], summary["duplicates"], summary["lookalikes"]) == (3, 1, 1)


@pytest.mark.parametrize("name", ["step_key", "action_execution_id", "idempotency_key"])
def test_names_of_the_step_key(name: str) -> None:
    assert Message("p", "i", "t", "f", "", "", "", {name: "k"}, NOON).step_key == "k"


def test_keeps_the_newest_and_counts_all() -> None:
    inbox = Inbox(InboxLimits(messages=3))
    for number in range(10):
        inbox.add(message(key=str(number)))
    assert numbers(inbox.page().items) == [8, 9, 10]
    assert inbox.summary()["accepted"] == 10
    assert inbox.summary()["kept"] == 3
    assert inbox.find(7) is None
    kept = inbox.find(8)
    assert kept is not None
    assert orjson.loads(kept)["step_key"] == "7"
    assert inbox.find(11) is None


def test_bytes_are_bounded_too() -> None:
    inbox = Inbox(InboxLimits(bytes=10_000))
    for _ in range(50):
        inbox.add(message(text="x" * 1_000))
    assert sum(map(len, inbox.page(limit=50).items)) <= 10_000
    inbox.add(message(text="x" * 20_000))
    assert inbox.page().total == 1


def test_says_when_it_forgot_keys() -> None:
    inbox = Inbox(InboxLimits(keys=2))
    for key in ("e1", "e2", "e3", "e1"):
        inbox.add(message(key=key))
    assert inbox.summary()["forgotten_keys"] == 2
    assert inbox.summary()["duplicates"] == 0


def test_pages_and_filters() -> None:
    inbox = Inbox()
    for number in range(10):
        provider = "twilio" if number % 2 else "sendgrid"
        inbox.add(message(to=f"C{number % 3}@example.com", key=str(number), provider=provider))

    assert numbers(inbox.page(offset=2, limit=3).items) == [3, 4, 5]
    assert numbers(inbox.page(limit=2, newest_first=True).items) == [10, 9]
    page = inbox.page(provider="sendgrid", to="c0@EXAMPLE.com")
    assert (page.total, numbers(page.items)) == (2, [1, 7])
    assert numbers(inbox.page(provider="twilio", offset=1, limit=2).items) == [4, 6]
    assert numbers(inbox.page(key="7").items) == [8]
    assert inbox.page(sender="A@B.example").total == 10
    assert inbox.page(to="nobody").total == 0


def test_clear_forgets_counts_and_keys() -> None:
    inbox = Inbox()
    inbox.add(message(key="e1"))
    inbox.clear()
    assert inbox.summary()["accepted"] == 0
    assert inbox.add(message(key="e1")) == 1
    assert inbox.summary()["duplicates"] == 0


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "inbox.jsonl"


@contextmanager
def opened(path: Path, limits: InboxLimits | None = None) -> Generator[Inbox]:
    with closing(Journal(path)) as journal:
        yield Inbox(limits, journal)


def test_is_restored_from_its_journal(journal_path: Path) -> None:
    with opened(journal_path) as before:
        before.add(message(key="e1"))
        before.add(message(key="e1"))
        before.add(message(to="li@example.com"))
    with journal_path.open("ab") as file:
        file.write(b'{"number": 4, "cut sho')

    with opened(journal_path) as after:
        assert after.summary() == before.summary()
        assert after.page().items == before.page().items
        after.add(message(key="e9"))
    with opened(journal_path) as third:
        assert third.summary()["accepted"] == 4
        third.clear()
    assert journal_path.read_bytes() == b""


def test_a_spoilt_line_costs_that_message_only(journal_path: Path) -> None:
    with opened(journal_path) as inbox:
        inbox.add(message(key="e1"))
    with journal_path.open("ab") as file:
        file.write(b"\0\0\0\n[]\n" + message(key="e2").encode(2) + b"\n")
    with opened(journal_path) as restored:
        keys = [orjson.loads(item)["step_key"] for item in restored.page().items]
        assert keys == ["e1", "e2"]
        assert restored.find(2) is not None


def test_the_journal_does_not_grow_without_end(journal_path: Path) -> None:
    limits = InboxLimits(bytes=10_000)
    with opened(journal_path, limits) as inbox:
        for _ in range(100):
            inbox.add(message(text="x" * 1_000))
    assert journal_path.stat().st_size <= 22_000
    with opened(journal_path, limits) as restored:
        kept = [orjson.loads(item)["text"] for item in restored.page().items]
        assert kept == [orjson.loads(item)["text"] for item in inbox.page().items]
