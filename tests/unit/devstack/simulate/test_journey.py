"""Half a year with a customer who moves from New York to Paris, through two changes of the clocks.

New York leaves summer time on 1 November 2026, Paris enters it on 28 March 2027.
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devstack.cli import app
from tests.support.simulation import (
    Simulator,
    email,
    instants,
    said,
    seed_of,
    sms,
    step,
    tag,
    wait_for,
)

STEPS = [
    email("welcome", "Welcome, {{ contact.first_name }}"),
    wait_for(
        "opened", "email_opened", related_action_id="${actions.welcome}", timeout_duration=7,
        timeout_unit="days", timeout_action="branch", timeout_branch_id="${branches.Silent}",
    ),
    step("wait_time", "six_weeks", duration=42, unit="calendar_days"),
    email("lessons", "Your lessons"),
    # Across the end of summer time: the wall time moves with the clocks.
    step("wait_time", "exactly_30_days", duration=30, unit="days"),
    sms("how_is_it"),
    step("wait_until_date", "new_year", date_type="specific", date_value="2027-01-04",
         time_of_day="09:30"),
    tag("half_way"),
    step("wait_until_date", "renewal", date_type="calculated",
         field_name="custom_fields.renewal", offset_value=-1, offset_unit="weeks",
         time_of_day="10:00"),
    email("renew", "Your plan renews on {{ contact.custom_fields.renewal }}") | {
        "on_error": "fallback", "fallback": "by_hand"},
    wait_for("answer", "form_submit", timeout_duration=10, timeout_unit="days",
             timeout_action="end"),
    tag("renewed"),
    tag("by_hand"),
    # Across its beginning: the wall time stays.
    step("wait_time", "a_week", duration=7, unit="calendar_days"),
    tag("closed"),
]  # fmt: skip
BRANCHES = [{"name": "Silent", "after": "opened", "actions": [tag("silent")]}]
SCENARIO = {
    "start": "2026-09-15T14:00:00Z",
    "seed": 7,
    "contact": {
        "email": "ada@example.com",
        "first_name": "Ada",
        "phone": "+12125550123",
        "timezone": "America/New_York",
        "custom_fields": {"renewal": "2027-03-20"},
    },
    "account": {"timezone": "America/New_York", "postal_address": "12 Bobbin Lane"},
    "events": [
        {"when": "welcome+26h", "type": "email_open"},
        {"when": "answer+2d", "type": "form_submit", "data": {"form_id": "renew"}},
    ],
    "changes": [
        # She moves while she waits for the new year, and her plan while she waits for its renewal.
        {"when": "2026-12-20T12:00:00Z", "set": {"timezone": "Europe/Paris"}},
        {"when": "2027-02-01T12:00:00Z", "set": {"custom_fields.renewal": "2027-04-02"}},
    ],
    "failures": [
        {"step": "lessons", "error": "rate_limit", "times": 2, "retry_after": "5m"},
        {"step": "renew", "error": "service_unavailable", "times": 9, "retry_after": "1h"},
    ],
}
TIMELINE = [
    ("2026-09-15 14:00:00", "completed", "welcome"),
    ("2026-09-15 14:00:00", "waiting", "opened"),
    ("2026-09-16 16:00:00", "completed", "opened"),
    ("2026-09-16 16:00:00", "waiting", "six_weeks"),
    ("2026-10-28 16:00:00", "completed", "six_weeks"),
    ("2026-10-28 16:00:00", "retry", "lessons"),
    ("2026-10-28 16:05:00", "retry", "lessons"),
    ("2026-10-28 16:10:00", "completed", "lessons"),
    ("2026-10-28 16:10:00", "waiting", "exactly_30_days"),
    # 12:10 in summer, 11:10 in winter.
    ("2026-11-27 16:10:00", "completed", "exactly_30_days"),
    ("2026-11-27 16:10:00", "completed", "how_is_it"),
    ("2026-11-27 16:10:00", "waiting", "new_year"),
    ("2026-12-20 12:00:00", "rearmed", "new_year"),
    # 09:30 in Paris, no more in New York.
    ("2027-01-04 08:30:00", "completed", "new_year"),
    ("2027-01-04 08:30:00", "completed", "half_way"),
    ("2027-01-04 08:30:00", "waiting", "renewal"),
    ("2027-02-01 12:00:00", "rearmed", "renewal"),
    # A week before 2 April, 10:00 in Paris.
    ("2027-03-26 09:00:00", "completed", "renewal"),
    ("2027-03-26 09:00:00", "retry", "renew"),
    ("2027-03-26 10:00:00", "retry", "renew"),
    ("2027-03-26 11:00:00", "retry", "renew"),
    ("2027-03-26 12:00:00", "failed", "renew"),
    ("2027-03-26 12:00:00", "note", "renew"),
    ("2027-03-26 12:00:00", "completed", "by_hand"),
    ("2027-03-26 12:00:00", "waiting", "a_week"),
    # 13:00 in Paris, in winter and in summer.
    ("2027-04-02 11:00:00", "completed", "a_week"),
    ("2027-04-02 11:00:00", "completed", "closed"),
]


@pytest.fixture
def simulator(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path)


def test_half_a_year(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(*STEPS, branches=BRANCHES),
        scenario=simulator.file(SCENARIO, "scenario.yaml"),
        start=None,
        contact=[],
        account=[],
    )
    assert instants(walked) == TIMELINE
    assert walked.setting.contact.tags == ["half_way", "by_hand", "closed"]
    assert "goes on with by_hand" in said(walked, "renew")
    # She never got to that step.
    assert walked.left == ["events.1.when: form_submit", "5 x service_unavailable of renew"]


def test_the_same_as_data(simulator: Simulator) -> None:
    workflow = simulator.file(seed_of(*STEPS, branches=BRANCHES))
    scenario = simulator.file(SCENARIO, "scenario.yaml")
    options = ["--scenario", str(scenario), "--json"]
    done = CliRunner().invoke(app, ["simulate", str(workflow), *options])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    entries = [entry for entry in data["timeline"] if "step" in entry]
    assert [entry["step"] for entry in entries] == [name for _, _, name in TIMELINE]
    (waiting,) = (e for e in entries if (e["step"], e["kind"]) == ("renewal", "waiting"))
    assert (waiting["zone"], waiting["until"], waiting["until_local"]) == (
        "Europe/Paris",
        "2027-03-13T09:00:00Z",
        "2027-03-13T10:00:00+01:00",
    )
    (welcome,) = (entry for entry in entries if entry["step"] == "welcome")
    assert welcome["does"][0]["subject"] == "Welcome, Ada"
    assert data["state"] == "completed"
    assert data["contact"]["changes"]["timezone"] == {
        "before": "America/New_York",
        "after": "Europe/Paris",
    }
