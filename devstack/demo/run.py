"""Runs the demo from an empty folder to a verdict."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from devstack.client import Contact, GatewayClient, StepLog, Summary
from devstack.demo.inbox import Received, Recipient, discrepancies, read_inbox
from devstack.demo.report import (
    LiveProgress,
    print_last_line,
    show_message,
    show_steps,
    show_timeline,
)
from devstack.loading import load_contacts, load_workflow, read_contacts, read_workflow
from devstack.stack import Stack, StackOptions

_POLL = 0.25
_BOUND = timedelta(minutes=5)
_SHOWN_DISCREPANCIES = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the run came to."""

    contacts: int
    summary: Summary
    received: Sequence[Received]
    discrepancies: Sequence[str]
    shown: Contact
    timeline: Sequence[StepLog]

    @property
    def done(self) -> int:
        """Actions completed."""
        return sum(step.completed for step in self.summary.steps)

    @property
    def failed(self) -> int:
        """Actions failed."""
        return sum(step.failed for step in self.summary.steps)

    @property
    def total(self) -> int:
        """Actions that should complete."""
        return self.contacts * len(self.summary.steps)

    @property
    def good(self) -> bool:
        """Whether everything was done, and exactly once."""
        return self.done == self.total and not self.failed and not self.discrepancies


def run_demo(options: StackOptions, console: Console) -> bool:
    """Run the demo; tell whether all went as it should."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.out(f"{time.monotonic() - began:5.1f} s  {text}", highlight=False)

    with Stack(options, progress=say) as stack:
        say(f"inbox of the simulated providers: {stack.simulator_url}")
        with GatewayClient(stack.gateway_url, stack.token()) as client:
            outcome = _play(stack, client, console, began)
        say("stopping")
    _report(outcome, console)
    print_last_line(
        contacts=outcome.contacts,
        done=outcome.done,
        total=outcome.total,
        failed=outcome.failed,
        seconds=time.monotonic() - began,
    )
    return outcome.good


def _play(stack: Stack, client: GatewayClient, console: Console, began: float) -> Outcome:
    folder = Path(str(files("devstack.demo")))
    workflow_file = read_workflow(folder / "workflow.yaml", {"simulator_url": stack.simulator_url})
    contacts = read_contacts(folder / "contacts.csv")
    ids = load_contacts(client, contacts)
    workflow = load_workflow(client, workflow_file)
    client.activate(workflow.id)
    client.start_executions(workflow.id, ids)
    progress = LiveProgress(console, len(ids), began)
    summary = _watch(stack, client, workflow.id, progress)

    received = read_inbox(stack.simulator_url)
    recipients = [
        Recipient(contact_id, str(contact["email"]), str(contact["phone"]))
        for contact_id, contact in zip(ids, contacts, strict=True)
    ]
    types = [action.action_type for action in workflow_file.actions]
    shown = next(contact for contact in client.contacts() if contact.id == ids[0])
    execution = client.executions(workflow.id, shown.id)[0]
    return Outcome(
        contacts=len(ids),
        summary=summary,
        received=received,
        discrepancies=discrepancies(received, recipients, types),
        shown=shown,
        timeline=client.step_logs(execution.id),
    )


def _watch(
    stack: Stack, client: GatewayClient, workflow_id: str, progress: LiveProgress
) -> Summary:
    """Show progress until no execution is open, or for as long as is reasonable."""
    deadline = time.monotonic() + _BOUND.total_seconds()
    with progress:
        while True:
            summary = client.summary(workflow_id)
            progress.show(summary)
            if not summary.executions.open or time.monotonic() > deadline:
                return summary
            stack.check()
            time.sleep(_POLL)


def _report(outcome: Outcome, console: Console) -> None:
    console.print()
    show_steps(console, outcome.summary.steps)
    for message in _some(outcome.received):
        show_message(console, message)
    show_timeline(console, outcome.shown, outcome.timeline)
    if outcome.discrepancies:
        console.print("[red]Not exactly one message for each contact and step:[/red]")
        for line in outcome.discrepancies[:_SHOWN_DISCREPANCIES]:
            console.out(f"  {line}", highlight=False)


def _some(received: Sequence[Received]) -> list[Received]:
    """A message of each kind, each to somebody else."""
    chosen: list[Received] = []
    for nth, provider in enumerate(("sendgrid", "twilio", "sink")):
        of_kind = [message for message in received if message.provider == provider]
        chosen += of_kind[nth * len(of_kind) // 3 :][:1]
    return chosen
