"""A walk as people read it, and as data."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from action_service.domain.plan import Json
from common.clock import rfc3339
from devstack.simulate.office import spoken
from devstack.simulate.rows import StepRow
from devstack.simulate.timeline import Doing, Entry, Kind, step_name
from devstack.simulate.walk import Walked

_STYLES: Final[Mapping[Kind, str]] = {
    Kind.COMPLETED: "green",
    Kind.WAITING: "cyan",
    Kind.REARMED: "cyan",
    Kind.HELD_BACK: "yellow",
    Kind.RETRY: "yellow",
    Kind.FAILED: "red",
    Kind.SKIPPED: "yellow",
    Kind.UNKNOWN: "red",
    Kind.EVENT: "magenta",
    Kind.CHANGE: "magenta",
    Kind.ENDED: "bold",
}
_TAGS: Final = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", re.DOTALL)
_ENDS: Final = re.compile(r"</(?:p|div|h[1-6]|li|tr|table)>|<br\s*/?>", re.IGNORECASE)
_BLANKS: Final = re.compile(r"\n\s*\n+")


def show(walked: Walked, console: Console) -> None:
    """Prints the timeline, and what has become of the contact."""
    for entry in walked.timeline.entries:
        console.print(_head(entry), soft_wrap=True)
        for line in _lines(entry):
            console.out(f"    {line}", highlight=False)
    console.print()
    changes = list(_changes(walked))
    console.print(Text("the contact afterwards", style="bold"))
    for line in changes or ["is as before"]:
        console.out(f"    {line}", highlight=False)
    if walked.left:
        console.print(Text("what the scenario has beside, and did not happen", style="bold"))
        for line in walked.left:
            console.out(f"    {line}", highlight=False)


def as_json(walked: Walked) -> dict[str, Json]:
    """The walk as data; instants are RFC 3339 in UTC."""
    plan, contact = walked.setting.draft.plan, walked.setting.contact
    changes = contact.changes()
    tags: list[Json] = list(contact.tags)
    left: list[Json] = list(walked.left)
    return {
        "workflow": plan.workflow_name,
        "start": rfc3339(walked.start),
        "end": rfc3339(walked.setting.clock.now()),
        "state": walked.state.value,
        "reason": walked.reason,
        "timeline": [_entry(entry) for entry in walked.timeline.entries],
        "steps": [_step(row) for row in walked.steps],
        "contact": {
            **{name: value for name, value in contact.shown().items() if name != "id"},
            "tags": tags,
            "changes": {
                name: {"before": before, "after": changes.after.get(name)}
                for name, before in changes.before.items()
            },
        },
        "not_happened": left,
    }


def _head(entry: Entry) -> Text:
    line = Text(f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  ")
    line.append(f"{_local(entry.at, entry.zone)}  ", style="dim")
    line.append(entry.kind.value, style=_STYLES.get(entry.kind, ""))
    if entry.step is not None:
        line.append(f"  {step_name(entry.step)}", style="bold")
        line.append(f" ({entry.step.action_type})")
    return line


def _lines(entry: Entry) -> Iterator[str]:
    for doing in entry.doings:
        yield from _done(doing)
    yield from entry.says
    if entry.until is not None:
        local = _local(entry.until, entry.zone)
        yield f"until {entry.until:%Y-%m-%d %H:%M:%S} UTC, {local}"


def _done(doing: Doing) -> Iterator[str]:
    yield doing.summary
    subject, text = doing.details.get("subject"), doing.details.get("text")
    if isinstance(subject, str):
        yield f"subject: {subject}"
    markup = doing.details.get("html")
    if not text and isinstance(markup, str):
        text = _readable(markup)
    if isinstance(text, str):
        yield from (f"| {line}".rstrip() for line in text.strip().splitlines())
    body = doing.details.get("body")
    if body is not None:
        yield f"body: {body}"


def _readable(markup: str) -> str:
    text = html.unescape(_TAGS.sub("", _ENDS.sub("\n", markup)))
    return _BLANKS.sub("\n", text).strip()


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z} ({zone.key})"


def _changes(walked: Walked) -> Iterator[str]:
    contact = walked.setting.contact
    found = contact.changes()
    for name, before in found.before.items():
        yield f"{name}: {_named(name, before, walked)} -> {_named(name, found.after[name], walked)}"
    added = [tag for tag in contact.tags if tag not in contact.initial_tags]
    removed = [tag for tag in contact.initial_tags if tag not in contact.tags]
    if added:
        yield f"tags added: {', '.join(added)}"
    if removed:
        yield f"tags removed: {', '.join(removed)}"


def _named(name: str, value: Json, walked: Walked) -> str:
    if name != "owner_id" or not isinstance(value, str):
        return spoken(value)
    user = walked.setting.account.user(value)
    return spoken(user.name if user else value)


def _entry(entry: Entry) -> dict[str, Json]:
    step = entry.step
    found: dict[str, Json] = {
        "at": rfc3339(entry.at),
        "local": entry.at.astimezone(entry.zone).isoformat(),
        "zone": entry.zone.key,
        "kind": entry.kind.value.replace(" ", "_"),
    }
    if step is not None:
        found |= {"step": step_name(step), "action_type": step.action_type}
    found["says"] = list(entry.says)
    if entry.until is not None:
        found["until"] = rfc3339(entry.until)
        found["until_local"] = entry.until.astimezone(entry.zone).isoformat()
    if entry.doings:
        found["does"] = [{"summary": doing.summary, **doing.details} for doing in entry.doings]
    return found | dict(entry.details)


def _step(row: StepRow) -> dict[str, Json]:
    return {
        "step": step_name(row.step),
        "action_type": row.step.action_type,
        "status": row.status.value,
        "reason": row.reason,
        "error": row.error_class,
        "message": row.error_message,
        "retries": row.retry_count,
        "output": row.output,
        "reached_at": rfc3339(row.reached_at),
        "completed_at": None if row.completed_at is None else rfc3339(row.completed_at),
    }
