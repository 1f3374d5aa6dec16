"""Which requests fail, for how long, and how often."""

import random
from typing import Any

import pytest
from pydantic import ValidationError

from devstack.simulator.failures import Control, Failure, FailurePlan, Kind


def rule(**fields: Any) -> Control:
    return Control.model_validate({"provider": "twilio", "mode": "500", **fields})


def take(plan: FailurePlan, provider: str = "twilio", *to: str) -> Failure | None:
    return plan.take(provider, lambda: frozenset(to))


def test_nothing_fails_untold() -> None:
    assert take(FailurePlan()) is None


def test_a_rule_concerns_its_provider_only() -> None:
    plan = FailurePlan()
    plan.set(rule(mode="429", retry_after=3, delay_ms=250))
    assert take(plan) == Failure(Kind.STATUS, 429, 3, 0.25)
    assert take(plan, "sendgrid") is None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.STATUS])
def test_modes(kind: Kind) -> None:
    plan = FailurePlan()
    plan.set(rule(mode=kind.value))
    assert take(plan) == Failure(kind, 0, None, 0.0)


def test_after_its_count_all_is_well_and_the_rule_still_tells() -> None:
    plan = FailurePlan()
    plan.set(rule(count=2))
    assert [take(plan) is not None for _ in range(4)] == [True, True, False, False]
    [described] = plan.describe()
    assert (described["applied"], described["remaining"]) == (2, 0)


def test_a_rule_for_a_recipient_goes_first() -> None:
    plan = FailurePlan()
    plan.set(rule(mode="503"))
    plan.set(rule(mode="400", to="+14155550123"))
    named = take(plan, "twilio", "+14155550123")
    other = take(plan, "twilio", "+14155550199")
    assert (named and named.status, other and other.status) == (400, 503)


def test_recipients_ignore_case() -> None:
    plan = FailurePlan()
    plan.set(rule(provider="sendgrid", to="Mia@Example.com"))
    assert take(plan, "sendgrid", "mia@example.COM") is not None
    assert take(plan, "sendgrid", "li@example.com") is None


def test_rate_is_a_probability_and_misses_do_not_count() -> None:
    plan = FailurePlan(random.Random(7))
    plan.set(rule(rate=0.25, count=100))
    hits = sum(take(plan) is not None for _ in range(200))
    assert 30 <= hits <= 70
    assert plan.describe()[0]["remaining"] == 100 - hits


def test_ok_ends_a_provider_s_rules() -> None:
    plan = FailurePlan()
    plan.set(rule())
    plan.set(rule(to="+1"))
    plan.set(rule(provider="sink", mode="hang"))
    plan.set(rule(mode="ok", to="+1"))
    assert len(plan.describe()) == 2
    plan.set(rule(mode="ok"))
    assert [item["provider"] for item in plan.describe()] == ["sink"]
    plan.clear()
    assert plan.describe() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": "paypal"},
        {"mode": "200"},
        {"mode": "600"},
        {"mode": "explode"},
        {"count": 0},
        {"rate": 0},
        {"rate": 1.5},
        {"delay_ms": -1},
        {"retry_after": -1},
        {"surprise": 1},
    ],
)
def test_refuses_what_it_does_not_understand(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**fields)
