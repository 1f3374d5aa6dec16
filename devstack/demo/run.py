"""Runs the demo from an empty folder to a verdict."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from rich.console import Console

from devstack.answers import Contact, StepLog, Summary
from devstack.client import GatewayClient
from devstack.demo.inbox import (
    Received,
    Recipient,
    callbacks_waiting,
    discrepancies,
    read_inbox,
    sent_by,
)
from devstack.demo.records import Records, read_records, wrong_records
from devstack.demo.report import (
    LiveProgress,
    print_last_line,
    show_deliveries,
    show_message,
    show_records,
    show_steps,
    show_timeline,
)
from devstack.importing import finished
from devstack.loading import FileError, read_contacts
from devstack.seeds.document import Seed, SeededWorkflow, read_seed
from devstack.seeds.plant import Say, plant
from devstack.stack import Stack, StackOptions

_FOLDER = Path(str(files("devstack.demo")))
_POLL = 0.25
_BOUND = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=30)
_SHOWN_DISCREPANCIES = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the run came to."""

    contacts: int
    summary: Summary
    received: Sequence[Received]
    records: Records
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
            if any(client.contacts()):
                # They would not be imported again, and so set nothing off.
                raise FileError(f"{options.data_dir} has the contacts of an earlier run; remove it")
            seed = _plant(stack, client, say)
            people = _import_contacts(client, say)
            progress = LiveProgress(console, len(people), began)
            outcome = _play(stack, client, seed.workflows[0], people, progress)
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


def _plant(stack: Stack, client: GatewayClient, say: Say) -> Seed:
    """Make the account what the seed says."""
    file = _FOLDER / "seed.yaml"
    seed = read_seed(file)
    plant(client, seed, file, {"simulator_url": stack.simulator_url}, lambda _: None)
    say(f"planted {file.name}: {', '.join(_counted(seed))}")
    return seed


def _counted(seed: Seed) -> Iterator[str]:
    for kind in Seed.model_fields:
        if count := len(getattr(seed, kind)):
            words = kind.replace("_", " ")
            yield f"{count} {words if count > 1 else words.removesuffix('s')}"


def _import_contacts(client: GatewayClient, say: Say) -> list[Recipient]:
    """Import the contacts, each of whom starts the workflow; they are in the file's order."""
    file = _FOLDER / "contacts.csv"
    started = client.start_import(file.read_bytes(), file_name=file.name, duplicates="skip")
    done = finished(client, started, lambda _: None)
    say(f"imported {file.name}: {done.created_rows} contacts, {done.refused_rows} refused")
    ids = {contact.email: contact.id for contact in client.contacts()}
    return [
        Recipient(ids[str(contact["email"])], str(contact["email"]), str(contact["phone"]))
        for contact in read_contacts(file)
    ]


def _play(
    stack: Stack,
    client: GatewayClient,
    workflow: SeededWorkflow,
    people: Sequence[Recipient],
    progress: LiveProgress,
) -> Outcome:
    """Watch the workflow run for everybody, and look at what has come of it."""
    workflow_id = next(w["id"] for w in client.records("workflows") if w["name"] == workflow.name)
    summary = _watch(stack, client, str(workflow_id), len(people), progress)
    types = [action.action_type for action in workflow.actions]
    received = _receive(stack, len(people) * sent_by(types).total())
    _hear_out(stack)
    summary = client.summary(str(workflow_id))
    records = read_records(client)
    shown = next(contact for contact in client.contacts() if contact.id == people[0].contact_id)
    execution = client.executions(str(workflow_id), shown.id)[0]
    return Outcome(
        contacts=len(people),
        summary=summary,
        received=received,
        records=records,
        discrepancies=[*discrepancies(received, people, types), *wrong_records(records, types)],
        shown=shown,
        timeline=client.step_logs(execution.id),
    )


def _watch(
    stack: Stack, client: GatewayClient, workflow_id: str, wanted: int, progress: LiveProgress
) -> Summary:
    """Show progress until all executions have ended, or for as long as is reasonable."""
    deadline = time.monotonic() + _BOUND.total_seconds()
    with progress:
        while True:
            summary = client.summary(workflow_id)
            progress.show(summary)
            states = summary.executions
            if (states.total >= wanted and not states.open) or time.monotonic() > deadline:
                return summary
            stack.check()
            time.sleep(_POLL)


def _receive(stack: Stack, wanted: int) -> list[Received]:
    """What the providers got; what goes out beside the runs, as word of a course, is waited for."""
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while True:
        received = read_inbox(stack.simulator_url)
        if len(received) >= wanted or time.monotonic() > deadline:
            return received
        time.sleep(_POLL)


def _hear_out(stack: Stack) -> None:
    """Wait until the providers have told what became of everything."""
    deadline = time.monotonic() + _PATIENCE.total_seconds()
    while callbacks_waiting(stack.simulator_url) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _report(outcome: Outcome, console: Console) -> None:
    console.print()
    show_steps(console, outcome.summary.steps)
    show_deliveries(console, outcome.summary.steps)
    show_records(console, outcome.records)
    for message in _some(outcome.received):
        show_message(console, message)
    show_timeline(console, outcome.shown, outcome.timeline)
    if outcome.discrepancies:
        console.print("[red]Not exactly one of each for each contact and step:[/red]")
        for line in outcome.discrepancies[:_SHOWN_DISCREPANCIES]:
            console.out(f"  {line}", highlight=False)


def _some(received: Sequence[Received]) -> list[Received]:
    """A message of each kind, each to somebody else."""
    chosen: list[Received] = []
    for nth, provider in enumerate(("sendgrid", "twilio", "sink")):
        of_kind = [message for message in received if message.provider == provider]
        chosen += of_kind[nth * len(of_kind) // 3 :][:1]
    return chosen
