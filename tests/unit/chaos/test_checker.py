"""The checker finds what is planted in a history that is otherwise as it should be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.model import (
    Attempt,
    Call,
    Claim,
    Delivery,
    Fate,
    History,
    Plan,
    PlanStep,
    Request,
    Run,
    Step,
    Unknown,
)

PLAN = Plan(
    "welcome",
    (
        PlanStep("count", "update_contact", effects={"points": 2}),
        PlanStep("hook", "webhook_call", provider="sink", on_error="continue"),
        PlanStep("text", "send_sms", provider="twilio", on_error="fallback", fallback="rest"),
        PlanStep("form", "wait_for_event", branch=(PlanStep("silent", "add_tag"),)),
        PlanStep("rest", "add_tag"),
    ),
)
HEARD = Plan("heard", (PlanStep("listen", "add_tag"),), started_by_tag="vip")
NOTICES = Plan("notices", (PlanStep("notice", "send_notification"),))


def step(number: int, name: str, **more: Any) -> Step:
    given: dict[str, Any] = {"status": "completed", "started": float(number)}
    given |= {"created": float(number), "ended": number + 0.9}
    return Step(f"s{number}", more.pop("run", "r1"), name, **(given | more))


def call(key: str, provider: str = "twilio", at: float = 3.5, attempt: str = "a3") -> Call:
    return Call(provider, key, attempt, at)


GOOD = History(
    plans=(PLAN, HEARD, NOTICES),
    requests=(
        Request("q1", "welcome", ("c1",), Fate.ACCEPTED, ("r1",)),
        Request("q2", "notices", ("c1",), Fate.ACCEPTED, ("r2",)),
    ),
    runs=(
        Run("r1", "welcome", "c1", "completed", "q1", 0.0, 6.0),
        Run("r2", "notices", "c1", "completed", "q2", 0.0, 1.95),
        Run("r3", "heard", "c1", "completed", None, 0.0, 1.95),
    ),
    steps=(
        step(1, "count"),
        step(2, "hook"),
        step(3, "text"),
        step(4, "form", ended_by="event"),
        step(5, "rest"),
        replace(step(1, "notice", run="r2"), id="n1"),
        replace(step(1, "listen", run="r3"), id="l1"),
    ),
    attempts=(
        *(Attempt(f"a{n}", f"s{n}", 1) for n in range(1, 6)),
        Attempt("b1", "n1", 1),
        Attempt("b2", "l1", 1),
    ),
    claims=(Claim("a3", "s3", 3.1),),
    calls=(call("s2", "sink", 2.5), call("s3"), call("d1", "sendgrid", 9.0)),
    deliveries=(Delivery("d1", "n1", "email", "sent"),),
    counters={"c1": {"points": 2}},
    tags={"c1": frozenset({"vip"}), "c2": frozenset()},
)


def found(history: History) -> set[str]:
    return {violation.rule for violation in check(history)}


def with_step(name: str, **change: Any) -> History:
    steps = tuple(replace(each, **change) if each.name == name else each for each in GOOD.steps)
    return replace(GOOD, steps=steps)


def with_run(**change: Any) -> History:
    return replace(GOOD, runs=(replace(GOOD.runs[0], **change), *GOOD.runs[1:]))


def with_request(**change: Any) -> History:
    return replace(GOOD, requests=(replace(GOOD.requests[0], **change), *GOOD.requests[1:]))


def without(*steps: str) -> History:
    return replace(GOOD, steps=tuple(each for each in GOOD.steps if each.name not in steps))


def more_steps(*steps: Step) -> History:
    attempts = (Attempt(f"x{each.id}", each.id, 1) for each in steps)
    return replace(GOOD, steps=(*GOOD.steps, *steps), attempts=(*GOOD.attempts, *attempts))


OTHERWISE = (replace(GOOD.attempts[0], error_class="internal"), *GOOD.attempts[1:])


def test_a_history_as_it_should_be() -> None:
    assert check(GOOD) == []


# Stands at its text, of which nobody knows whether it has been sent.
UNKNOWN = replace(
    GOOD,
    runs=(replace(GOOD.runs[0], state="running", ended=None), *GOOD.runs[1:]),
    steps=(
        *GOOD.steps[:2],
        replace(GOOD.steps[2], status="running", outcome="unknown", error_class="unknown_outcome"),
        *GOOD.steps[5:],
    ),
    attempts=tuple(each for each in GOOD.attempts if each.step not in {"s3", "s4", "s5"}),
    unknown=(Unknown("s3", "open", None),),
)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(UNKNOWN, id="unknown and sent"),
        pytest.param(replace(UNKNOWN, calls=GOOD.calls[:1] + GOOD.calls[2:]), id="and not sent"),
        pytest.param(
            with_request(fate=Fate.UNANSWERED, runs=()), id="carried out without an answer"
        ),
        pytest.param(
            replace(
                GOOD,
                requests=(*GOOD.requests, Request("q3", "welcome", ("c1",), Fate.UNANSWERED)),
            ),
            id="not carried out without an answer",
        ),
        pytest.param(
            replace(GOOD, calls=(*GOOD.calls, call("s2", "sink", 8.0))),
            id="called late again under its key",
        ),
        pytest.param(
            replace(
                GOOD,
                calls=(*GOOD.calls, call("s3")),
                unknown=(Unknown("s3", "settled", "retry"),),
            ),
            id="an operator had it sent again",
        ),
    ],
)
def test_what_the_guarantees_allow(history: History) -> None:
    assert check(history) == []


@pytest.mark.parametrize(
    ("history", "rule"),
    [
        pytest.param(with_request(runs=("r1", "r9")), "lost", id="accepted and not there"),
        pytest.param(with_request(fate=Fate.REFUSED, runs=()), "invented", id="refused and there"),
        pytest.param(with_run(request="q9"), "invented", id="never asked for"),
        pytest.param(
            replace(GOOD, runs=(*GOOD.runs, replace(GOOD.runs[0], id="r9"))),
            "doubled start",
            id="two runs of one request",
        ),
        pytest.param(
            with_request(fate=Fate.UNANSWERED, contacts=("c1", "c2"), runs=()),
            "half a start",
            id="some contacts of a request",
        ),
        pytest.param(with_run(state="running", ended=None), "leftover", id="never ended"),
        pytest.param(
            replace(UNKNOWN, unknown=()), "leftover", id="unknown and not listed"
        ),
        pytest.param(with_run(state="cancelled"), "invented", id="cancelled by nobody"),
        pytest.param(
            more_steps(replace(step(3, "hook"), id="s9", created=3.95, ended=4.0)),
            "step twice",
            id="a step twice",
        ),
        pytest.param(without("hook"), "hole in the log", id="a step left out"),
        pytest.param(without("rest"), "hole in the log", id="the last step left out"),
        pytest.param(
            with_step("form", ended_by="timeout"), "hole in the log", id="not into the branch"
        ),
        pytest.param(with_run(state="failed"), "hole in the log", id="failed without a failure"),
        pytest.param(
            with_step("count", attempt_number=2), "hole in the log", id="an attempt not logged"
        ),
        pytest.param(
            replace(GOOD, attempts=OTHERWISE),
            "hole in the log",
            id="an attempt that says otherwise",
        ),
        pytest.param(
            replace(GOOD, counters={"c1": {"points": 4}}), "effect doubled", id="counted twice"
        ),
        pytest.param(replace(GOOD, counters={"c1": {}}), "effect lost", id="not counted"),
        pytest.param(
            replace(GOOD, counters={"c1": {"points": 2}, "c2": {"points": 2}}),
            "effect doubled",
            id="counted for somebody else",
        ),
        pytest.param(
            replace(GOOD, calls=(*GOOD.calls, call("s3", attempt="a9"))),
            "doubled send",
            id="sent twice",
        ),
        pytest.param(
            replace(GOOD, calls=(*GOOD.calls, call("d1", "sendgrid", 9.5))),
            "doubled send",
            id="delivered twice",
        ),
        pytest.param(
            replace(GOOD, calls=(GOOD.calls[0], GOOD.calls[2])), "lost send", id="never sent"
        ),
        pytest.param(
            with_step("text", status="failed", error_class="service_unavailable"),
            "untold send",
            id="failed and sent",
        ),
        pytest.param(replace(GOOD, calls=GOOD.calls[1:]), "lost call", id="never called"),
        pytest.param(
            replace(GOOD, calls=(*GOOD.calls, call("s77"))), "invented", id="sent for no step"
        ),
        pytest.param(
            with_step("rest", created=6.5, ended=6.6), "after the end", id="begun after the end"
        ),
        pytest.param(
            replace(GOOD, claims=(Claim("a3", "s3", 6.1),)), "after the end", id="claimed late"
        ),
        pytest.param(
            replace(GOOD, calls=(call("s2", "sink", 6.2), *GOOD.calls[1:])),
            "after the end",
            id="called late for the first time",
        ),
        pytest.param(
            with_step("count", status="failed", error_class="internal"),
            "failed of us",
            id="failed of something of ours",
        ),
        pytest.param(
            replace(GOOD, runs=GOOD.runs[:2], steps=GOOD.steps[:-1]), "event lost", id="unheard"
        ),
        pytest.param(
            replace(GOOD, runs=(*GOOD.runs, replace(GOOD.runs[2], id="r9", state="completed"))),
            "event doubled",
            id="heard twice",
        ),
        pytest.param(
            replace(GOOD, deliveries=(Delivery("d1", "n1", "email", "pending"),)),
            "leftover",
            id="never delivered",
        ),
        pytest.param(
            replace(GOOD, left={"messages in TREADLE_RESULTS": 2}), "leftover", id="left to do"
        ),
        pytest.param(replace(GOOD, broken={"a rule": ["row"]}), "rows", id="a rule about rows"),
        pytest.param(replace(GOOD, misbehaved=("engine ended",)), "service", id="a service ended"),
    ],
)  # fmt: skip
def test_what_is_planted_is_found(history: History, rule: str) -> None:
    assert rule in found(history)


def test_a_cancelled_run_may_have_a_call_under_way() -> None:
    def cancelled(change: Callable[[History], History]) -> set[str]:
        history = with_run(state="cancelled", ended=3.2)
        steps = [each for each in history.steps if each.name not in {"form", "rest", "text"}]
        text = replace(GOOD.steps[2], status="cancelled", ended=3.2)
        return found(change(replace(history, steps=(*steps, text), cancelled=frozenset({"r1"}))))

    assert cancelled(lambda history: history) == set()
    assert cancelled(lambda history: replace(history, claims=())) == {"after the end"}


def test_after_a_failure_a_run_goes_on_as_its_workflow_says() -> None:
    failed = with_step("hook", status="failed", error_class="rejected")
    attempts = tuple(
        replace(each, error_class="rejected") if each.step == "s2" else each
        for each in GOOD.attempts
    )
    passed_over = replace(failed, attempts=attempts)
    assert check(passed_over) == []
    stops = replace(
        PLAN, steps=(PLAN.steps[0], replace(PLAN.steps[1], on_error="stop"), *PLAN.steps[2:])
    )
    assert found(replace(passed_over, plans=(stops, HEARD, NOTICES))) == {"hole in the log"}
