"""Rules about the world outside: what others have received, and what they have told."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.chaos.books import Books, Violation
from tests.chaos.model import customer_of

CALL: Final = "make_call"
CHARGE: Final = "charge_customer"
# Who takes these has no way to know them again; they are claimed before they go out.
SENDS: Final = frozenset({"send_sms", "send_email", "send_messenger", CALL})


def sends_go_out_once(books: Books) -> Iterator[Violation]:
    """A message goes out once for each step, unless an operator had an unknown one sent again."""
    for step in books.history.steps:
        plan_step = books.plan_step(step)
        if plan_step is not None and plan_step.action_type in SENDS:
            yield from _of_send(books, step.id, step.status, step.run)
    for delivery in books.history.deliveries:
        run = books.run_of(delivery.id)
        status = "completed" if delivery.status == "sent" else delivery.status
        yield from _of_send(books, delivery.id, status, run.id if run is not None else None)


def _of_send(books: Books, key: str, status: str, run: str | None) -> Iterator[Violation]:
    calls = books.calls.get(key, ())
    listed = books.unknown.get(key, ())
    again = sum(each.resolution == "retry" for each in listed)
    if len(calls) > 1 + again:
        yield Violation("doubled send", f"{key} has been sent {len(calls)} times", run)
    if status == "completed" and not calls:
        yield Violation("lost send", f"{key} is said to be sent, and never was", run)
    if status in {"failed", "skipped"} and calls and not listed:
        yield Violation("untold send", f"{key} is {status}, and has been sent", run)


def charges_are_made_once(books: Books) -> Iterator[Violation]:
    """A step takes its payment once, from its contact, and says which one it was.

    A refusal is final: nothing has been taken then. After any other failure it may have been, as
    the last answer was lost; whoever tries that step again does so under the same key.
    """
    for step in books.history.steps:
        plan_step = books.plan_step(step)
        if plan_step is None or plan_step.action_type != CHARGE:
            continue
        calls = books.calls.get(step.id, ())
        if len(calls) > 1:
            yield Violation(
                "doubled charge", f"{step.id} has taken {len(calls)} payments", step.run
            )
        if calls and step.error_class == "rejected":
            yield Violation("untold charge", f"{step.id} was refused, and has taken one", step.run)
        customer = customer_of(books.runs[step.run].contact)
        for call in calls:
            if call.to != customer:
                yield Violation("wrong charge", f"{call.to} has paid for {customer}", step.run)
        if step.status == "completed" and calls:
            attempts = books.attempts.get(step.id, ())
            if not attempts or attempts[-1].reference != calls[0].id:
                text = f"{step.id} names another payment than {calls[0].id}"
                yield Violation("wrong charge", text, step.run)


def calls_end_as_they_did(books: Books) -> Iterator[Violation]:
    """A step that has called somebody knows how the call ended, whoever has told of it."""
    for step in books.history.steps:
        plan_step = books.plan_step(step)
        if plan_step is None or plan_step.action_type != CALL or step.status != "completed":
            continue
        for call in books.calls.get(step.id, ()):
            wanted = "busy" if call.to in books.history.busy else "completed"
            if step.call_outcome != wanted:
                text = f"the call to {call.to} was {wanted}, and {step.name} says"
                yield Violation("misreported call", f"{text} {step.call_outcome}", step.run)


def calls_belong_to_steps(books: Books) -> Iterator[Violation]:
    """Nobody is called for a step that there is not; a completed call has been made."""
    for key, calls in books.calls.items():
        if books.run_of(key) is None:
            yield Violation("invented", f"{calls[0].provider} was called for {key or 'no step'}")
    for step in books.history.steps:
        plan_step = books.plan_step(step)
        called = plan_step is not None and plan_step.provider != ""
        if called and step.status == "completed" and step.id not in books.calls:
            yield Violation("lost call", f"{step.name} completed, and nobody was called", step.run)


def events_start_runs_once(books: Books) -> Iterator[Violation]:
    """Each event starts each workflow that listens to it once.

    A contact gets a tag once, and pays as often as the provider says that they did.
    """
    paid = Counter(
        run.contact
        for key, calls in books.calls.items()
        for call in calls
        if call.provider == "stripe" and (run := books.run_of(key)) is not None
    )
    for plan in books.history.plans:
        if not plan.started_by_event:
            continue
        found = Counter(run.contact for run in books.history.runs if run.plan == plan.name)
        for contact, tags in books.history.tags.items():
            by_tag = int(plan.started_by_tag in tags)
            wanted = paid[contact] if plan.started_by_payment else by_tag
            if found[contact] != wanted:
                text = f"contact {contact} has {found[contact]} runs of {plan.name}, not {wanted}"
                yield Violation("event lost" if found[contact] < wanted else "event doubled", text)


def deliveries_have_ended(books: Books) -> Iterator[Violation]:
    """Each is sent, has failed or been skipped, or is listed as unknown."""
    for delivery in books.history.deliveries:
        if delivery.status in {"sent", "failed", "skipped"}:
            continue
        if delivery.status == "unknown" and books.listed_open(delivery.id):
            continue
        run = books.run_of(delivery.id)
        text = f"delivery {delivery.id} by {delivery.channel} is {delivery.status}"
        yield Violation("leftover", text, run.id if run is not None else None)
