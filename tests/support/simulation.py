"""Simulated runs for tests: a workflow in, a timeline out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from devstack.simulate.run import Options, simulate
from devstack.simulate.walk import Walked

START = "2026-03-02T15:00:00Z"
ADDRESS = "postal_address=12 Bobbin Lane"

Json = dict[str, Any]


class StoppedClock:
    """A clock for what says itself when it begins."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def step(action_type: str, name: str, /, **config: Any) -> Json:
    return {"name": name, "action_type": action_type, "action_config": config}


def tag(name: str, /, **more: Any) -> Json:
    return step("add_tag", name, tag_name=name) | more


def email(name: str, subject: str = "Hello", /, **more: Any) -> Json:
    config = {
        "template_id": "${email_templates.Plain}",
        "subject": subject,
        "from_name": "Shop",
        "from_email": "shop@example.com",
    }
    return step("send_email", name, **config) | more


def sms(name: str, /, **more: Any) -> Json:
    return step("send_sms", name, message="Hello", from_number="+12025550100", **more)


def wait_for(name: str, event_type: str, /, **more: Any) -> Json:
    return step("wait_for_event", name, event_type=event_type, **more)


def seed_of(*actions: Json, branches: Sequence[Json] = (), **more: Any) -> Json:
    """A seed with one workflow, and a template that any email may have."""
    workflow = {"name": "Test", "actions": list(actions), "branches": list(branches)}
    plain = {"name": "Plain", "html_body": "<p>Hi</p>", "text_body": "Hi"}
    return {"email_templates": [plain], "workflows": [workflow], **more}


class Simulator:
    """Walks workflows that a test writes down."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, content: object, name: str = "workflow.yaml") -> Path:
        """A YAML file."""
        path = self._folder / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    def walk(self, content: object, **options: Any) -> Walked:
        """What comes of the seed or workflow `content`."""
        given: Json = {"start": START, "account": [ADDRESS], "contact": ["email=ada@example.com"]}
        return simulate(Options(file=self.file(content), **(given | options)), StoppedClock())


def told(walked: Walked) -> list[tuple[str, str]]:
    """What happens at which step, in order; what has no step is left out."""
    return [
        (entry.step.name or "", entry.kind.value)
        for entry in walked.timeline.entries
        if entry.step is not None
    ]


def statuses(walked: Walked) -> list[tuple[str, str]]:
    """The steps that were reached, and how they stand."""
    return [(row.step.name or "", row.status.value) for row in walked.steps]


def said(walked: Walked, name: str) -> str:
    """All that the timeline says of a step."""
    return "\n".join(
        line
        for entry in walked.timeline.entries
        if entry.step is not None and entry.step.name == name
        for line in (*(doing.summary for doing in entry.doings), *entry.says)
    )


def instants(walked: Walked) -> list[tuple[str, str, str]]:
    """Instant (UTC), what happens, and at which step."""
    return [
        (f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind.value, entry.step.name or "")
        for entry in walked.timeline.entries
        if entry.step is not None
    ]
