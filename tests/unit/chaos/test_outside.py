"""The checker's rules about money, telephone calls and scripts, with a violation of each."""

from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.model import (
    Attempt,
    Call,
    Claim,
    Fate,
    History,
    Plan,
    PlanStep,
    Request,
    Run,
    Step,
)

PLANS = (
    Plan("order", (PlanStep("pay", "charge_customer", provider="stripe"),)),
    Plan("call", (PlanStep("ring", "make_call", provider="twilio_voice"),)),
    Plan(
        "script",
        (
            PlanStep("sum", "custom_code"),
            PlanStep("use", "update_contact", effects={"sums": 42}),
            PlanStep("ask", "custom_code", provider="sink"),
        ),
    ),
    Plan("paid", (PlanStep("thank", "add_tag"),), started_by_payment=True),
)
PHONE, BUSY = "+14155550001", "+14155550002"
RUNS = {"order": ("pay",), "call": ("ring",), "script": ("sum", "use", "ask"), "paid": ("thank",)}


def step(name: str, run: str, number: int) -> Step:
    at = float(number)
    outcome = "completed" if name == "ring" else None
    return Step(name, run, name, "completed", at, at, at + 0.5, call_outcome=outcome)


CHARGE = Call("stripe", "pay", None, 1.2, id="pi_1", to="cus_c1")
RING = Call("twilio_voice", "ring", "a-ring", 1.2, id="CA1", to=PHONE)
ASK = Call("sink", "ask", None, 3.2)
GOOD = History(
    plans=PLANS,
    requests=tuple(
        Request(f"q-{name}", name, ("c1",), Fate.ACCEPTED, (name,))
        for name in RUNS
        if name != "paid"
    ),
    runs=tuple(
        Run(name, name, "c1", "completed", None if name == "paid" else f"q-{name}", 0.5, 9.0)
        for name in RUNS
    ),
    steps=tuple(
        step(name, run, number)
        for run, names in RUNS.items()
        for number, name in enumerate(names, 1)
    ),
    attempts=tuple(
        Attempt(f"a-{name}", name, 1, reference="pi_1" if name == "pay" else None)
        for names in RUNS.values()
        for name in names
    ),
    claims=(Claim("a-ring", "ring", 1.1),),
    calls=(CHARGE, RING, ASK),
    counters={"c1": {"sums": 42}},
    tags={"c1": frozenset()},
    busy=frozenset({BUSY}),
)


def calling(*calls: Call) -> History:
    return replace(GOOD, calls=calls)


def with_step(name: str, **change: Any) -> History:
    steps = tuple(replace(each, **change) if each.name == name else each for each in GOOD.steps)
    return replace(GOOD, steps=steps)


def failed(name: str, error_class: str, *calls: Call) -> History:
    """The step has failed of this, and its run with it; these calls have been taken."""
    history = with_step(name, status="failed", error_class=error_class)
    attempts = tuple(
        replace(each, error_class=error_class, reference=None) if each.step == name else each
        for each in GOOD.attempts
    )
    run = next(each.run for each in GOOD.steps if each.name == name)
    runs = tuple(
        replace(each, state="failed") if each.id == run else each
        for each in GOOD.runs
        if each.id != "paid" or calls or name != "pay"
    )
    there = {each.id for each in runs}
    rest = [each for each in GOOD.calls if each.key != name]
    return replace(
        history,
        runs=runs,
        steps=tuple(each for each in history.steps if each.run in there),
        attempts=attempts,
        calls=(*calls, *rest),
    )


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(GOOD, id="as it should be"),
        pytest.param(failed("pay", "rejected"), id="refused"),
        pytest.param(failed("pay", "network_timeout", CHARGE), id="paid, and the answer was lost"),
        pytest.param(failed("ring", "service_unavailable"), id="nobody was called"),
        pytest.param(failed("ask", "network_timeout", ASK), id="the script asked in vain"),
        pytest.param(calling(CHARGE, RING, ASK, ASK), id="the script asked twice under its key"),
        pytest.param(
            replace(
                with_step("ring", call_outcome="busy"),
                calls=(CHARGE, replace(RING, to=BUSY), ASK),
            ),
            id="a busy line",
        ),
    ],
)
def test_what_the_guarantees_allow(history: History) -> None:
    assert check(history) == []


@pytest.mark.parametrize(
    ("history", "rule"),
    [
        pytest.param(calling(CHARGE, CHARGE, RING, ASK), "doubled charge", id="paid twice"),
        pytest.param(calling(RING, ASK), "lost call", id="never paid"),
        pytest.param(failed("pay", "rejected", CHARGE), "untold charge", id="refused and paid"),
        pytest.param(
            calling(replace(CHARGE, to="cus_c2"), RING, ASK), "wrong charge", id="paid by another"
        ),
        pytest.param(
            calling(replace(CHARGE, id="pi_2"), RING, ASK), "wrong charge", id="another payment"
        ),
        pytest.param(
            calling(replace(CHARGE, key="none"), RING, ASK), "invented", id="paid for no step"
        ),
        pytest.param(replace(GOOD, runs=GOOD.runs[:-1]), "event lost", id="paid and unheard"),
        pytest.param(
            replace(GOOD, runs=(*GOOD.runs, replace(GOOD.runs[-1], id="again"))),
            "event doubled",
            id="paid and heard twice",
        ),
        pytest.param(calling(CHARGE, RING, RING, ASK), "doubled send", id="rung twice"),
        pytest.param(calling(CHARGE, ASK), "lost send", id="never rung"),
        pytest.param(
            failed("ring", "service_unavailable", RING), "untold send", id="failed and rung"
        ),
        pytest.param(
            with_step("ring", call_outcome="busy"), "misreported call", id="not as it ended"
        ),
        pytest.param(
            with_step("ring", call_outcome="unknown"), "misreported call", id="end never known"
        ),
        pytest.param(
            replace(GOOD, claims=(Claim("a-ring", "ring", 9.5),)), "after the end", id="rung late"
        ),
        pytest.param(calling(CHARGE, RING), "lost call", id="the script has not asked"),
        pytest.param(failed("sum", "rejected"), "failed of us", id="what calls nobody failed"),
        pytest.param(failed("ask", "internal"), "failed of us", id="the sandbox failed"),
        pytest.param(
            replace(GOOD, counters={"c1": {"sums": 0}}), "effect lost", id="its result is not used"
        ),
    ],
)
def test_what_is_planted_is_found(history: History, rule: str) -> None:
    assert rule in {violation.rule for violation in check(history)}
