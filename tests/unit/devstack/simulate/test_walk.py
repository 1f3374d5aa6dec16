"""What a walk tells of each way that a run can take."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from action_service.domain.states import ExecutionState
from devstack.sender import POSTAL_ADDRESS
from devstack.simulate.timeline import Kind
from tests.support.simulation import (
    Simulator,
    email,
    instants,
    said,
    seed_of,
    sms,
    statuses,
    step,
    tag,
    told,
    wait_for,
)

NIGHT = "2026-03-03T04:30:00Z"  # 23:30 in New York
NEW_YORK = ["email=ada@example.com", "phone=+12125550123", "timezone=America/New_York"]


@pytest.fixture
def simulator(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path)


def test_steps_follow_each_other_and_change_the_contact(simulator: Simulator) -> None:
    changes = [{"field": "custom_fields.plan", "value": "pro"}]
    walked = simulator.walk(
        seed_of(
            tag("{{ contact.first_name }} was here", name="greeted"),
            tag("unused", is_enabled=False),
            step("update_contact", "plan", field_updates=changes),
        ),
        contact=["email=ada@example.com", "first_name=Ada"],
    )
    assert statuses(walked) == [
        ("greeted", "completed"),
        ("unused", "skipped"),
        ("plan", "completed"),
    ]
    assert walked.state is ExecutionState.COMPLETED
    assert said(walked, "unused") == "the action is disabled"
    assert "custom_fields.plan: nothing -> pro" in said(walked, "plan")
    assert walked.setting.contact.tags == ["Ada was here"]


def test_an_email_is_told_as_it_would_be_read(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(email("offer", "For {{ contact.first_name | default: 'you' }}")),
        contact=["email=ada@example.com", "first_name=Ada"],
    )
    (doing,) = next(e for e in walked.timeline.entries if e.kind is Kind.COMPLETED).doings
    assert doing.details["subject"] == "For Ada"
    assert doing.details["to"] == "ada@example.com"
    text = str(doing.details["text"])
    assert text.startswith("Hi\n")
    assert "12 Bobbin Lane" in text
    assert "Unsubscribe: https://treadle.example/u/" in text


def test_an_account_without_an_address_has_the_installation_s(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(email("offer")), account=[])
    assert POSTAL_ADDRESS in str(walked.timeline.entries[1].doings[0].details["text"])


def test_an_unknown_merge_field_fails_the_step_as_at_run_time(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(tag("{{ contact.custom_fields.shoe }}", name="shoe"), tag("b")))
    assert told(walked) == [("shoe", "failed")]
    assert walked.state is ExecutionState.FAILED
    assert "invalid_config: tag_name" in said(walked, "shoe")
    assert "contact.custom_fields.shoe" in said(walked, "shoe")


@pytest.mark.parametrize(
    ("on_error", "after"),
    [("stop", []), ("continue", ["next", "last"]), ("fallback", ["last"])],
)
def test_what_a_failed_step_leads_to(simulator: Simulator, on_error: str, after: list[str]) -> None:
    first: dict[str, Any] = email("offer") | {"on_error": on_error}
    if on_error == "fallback":
        first["fallback"] = "last"
    walked = simulator.walk(seed_of(first, tag("next"), tag("last")), failures=["offer:rejected"])
    assert statuses(walked) == [("offer", "failed"), *((name, "completed") for name in after)]
    if on_error == "fallback":
        assert "goes on with last" in said(walked, "offer")


def test_retries_follow_the_table_with_its_backoff(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(email("offer")), failures=["send_email:rate_limit*2"])
    assert instants(walked) == [
        ("2026-03-02 15:00:00", "retry", "offer"),
        ("2026-03-02 15:00:02", "retry", "offer"),
        ("2026-03-02 15:00:06", "completed", "offer"),
    ]
    assert walked.steps[0].retry_count == 2


def test_retry_after_is_waited_for(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(email("offer")), failures=["offer:service_unavailable@90s"])
    assert [at for at, *_ in instants(walked)] == ["2026-03-02 15:00:00", "2026-03-02 15:01:30"]


def test_jitter_is_the_seed_s(simulator: Simulator) -> None:
    def waits(seed: int) -> list[datetime | None]:
        walked = simulator.walk(
            seed_of(email("offer")), failures=["offer:network_timeout*3"], seed=seed
        )
        return [entry.until for entry in walked.timeline.entries]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_more_failures_than_retries_fail_the_step(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(email("offer")), failures=["offer:service_unavailable*9"])
    assert [kind for _, kind in told(walked)] == ["retry", "retry", "retry", "failed"]
    assert walked.left == ["5 x service_unavailable of offer"]


def test_an_unknown_outcome_is_left_to_people(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(email("offer"), tag("next")), failures=["offer:unknown_outcome"]
    )
    assert told(walked) == [("offer", "unknown outcome")]
    assert walked.state is ExecutionState.RUNNING


def test_quiet_hours_hold_a_message_back(simulator: Simulator) -> None:
    walked = simulator.walk(seed_of(sms("text")), contact=NEW_YORK, start=NIGHT)
    assert instants(walked) == [
        ("2026-03-03 04:30:00", "held back", "text"),
        ("2026-03-03 14:00:00", "completed", "text"),
    ]
    assert "quiet hours 21:00-09:00 (America/New_York)" in said(walked, "text")


@pytest.mark.parametrize(
    ("contact", "events", "why"),
    [
        (["email_consent=withdrawn"], [], "the contact has withdrawn it for marketing by email"),
        ([], ["1h email_unsubscribed"], "suppressed: unsubscribed on 2026-03-02"),
        ([], ["1h email_bounced"], "suppressed: messages to this address have bounced"),
    ],
    ids=["withdrawn", "unsubscribed", "bounced"],
)
def test_who_must_not_be_reached_is_not(
    simulator: Simulator, contact: list[str], events: list[str], why: str
) -> None:
    walked = simulator.walk(
        seed_of(step("wait_time", "pause", duration=2, unit="hours"), email("offer"), tag("next")),
        contact=["email=ada@example.com", *contact],
        events=events,
    )
    assert statuses(walked) == [
        ("pause", "completed"),
        ("offer", "skipped"),
        ("next", "completed"),
    ]
    assert why in said(walked, "offer")


def test_stop_is_heard_and_start_lifts_it(simulator: Simulator) -> None:
    actions = [
        sms("first"),
        step("wait_time", "day", duration=1, unit="days"),
        sms("second"),
        step("wait_time", "night", duration=1, unit="days"),
        sms("third"),
    ]
    walked = simulator.walk(
        seed_of(*actions),
        contact=NEW_YORK,
        events=["first+1h sms_reply body=STOP", "second+1h sms_reply body=START"],
    )
    assert [status for name, status in statuses(walked) if name not in {"day", "night"}] == [
        "completed",
        "skipped",
        "completed",
    ]


OPENED = wait_for("opened", "email_open", related_action_id="${actions.offer}")


@pytest.mark.parametrize(
    ("timeout_action", "event", "way"),
    [
        ("continue", None, ["offer", "opened", "next"]),
        ("continue", "offer+1h email_opened", ["offer", "opened", "next"]),
        ("branch", None, ["offer", "opened", "late"]),
        ("branch", "offer+1h email_opened", ["offer", "opened", "next"]),
        ("end", None, ["offer", "opened"]),
        ("end", "offer+2d email_opened", ["offer", "opened", "next"]),
    ],
)
def test_an_event_or_the_timeout_decides_the_way(
    simulator: Simulator, timeout_action: str, event: str | None, way: list[str]
) -> None:
    config = {"timeout_duration": 2, "timeout_unit": "days", "timeout_action": timeout_action}
    branches = [{"name": "Late", "after": "opened", "actions": [tag("late")]}]
    if timeout_action == "branch":
        config["timeout_branch_id"] = "${branches.Late}"
    opened = OPENED | {"action_config": OPENED["action_config"] | config}
    walked = simulator.walk(
        seed_of(email("offer"), opened, tag("next"), branches=branches),
        events=[event] if event else [],
    )
    assert [name for name, _ in statuses(walked)] == way
    words = said(walked, "opened")
    if event is None:
        assert "the time was up without email_open" in words
    else:
        assert "the event came: email_open" in words
    assert ("goes on in the branch 'Late' with late" in words) is ("late" in way)


def test_events_of_another_message_do_not_count(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(email("other"), email("offer"), OPENED),
        events=["offer+1h email_opened of=other", "offer+2h email_opened"],
    )
    assert instants(walked)[-1] == ("2026-03-02 17:00:00", "completed", "opened")


def test_what_programs_open_does_not_count(simulator: Simulator) -> None:
    events = ["offer+1h email_opened automatic=true", "offer+2h email_opened"]
    walked = simulator.walk(seed_of(email("offer"), OPENED), events=events)
    assert instants(walked)[-1] == ("2026-03-02 17:00:00", "completed", "opened")
    counts = OPENED | {"action_config": OPENED["action_config"] | {"ignore_automatic": False}}
    walked = simulator.walk(seed_of(email("offer"), counts), events=events)
    assert instants(walked)[-1] == ("2026-03-02 16:00:00", "completed", "opened")


def test_an_event_that_was_there_before_the_wait_counts(simulator: Simulator) -> None:
    pause = step("wait_time", "pause", duration=2, unit="days")
    walked = simulator.walk(
        seed_of(email("offer"), pause, OPENED), events=["offer+1h email_opened"]
    )
    assert instants(walked)[-1] == ("2026-03-04 15:00:00", "completed", "opened")


def test_a_change_of_the_contact_moves_the_date(simulator: Simulator) -> None:
    wait = step(
        "wait_until_date",
        "renewal",
        date_type="contact_field",
        field_name="custom_fields.renewal",
        time_of_day="09:00",
    )
    walked = simulator.walk(
        seed_of(wait),
        contact=[*NEW_YORK, "custom_fields.renewal=2026-04-01"],
        changes=["5d custom_fields.renewal=2026-05-01", "6d timezone=Europe/Paris"],
    )
    assert [
        (kind, e.until) for e, (_, kind) in zip(_of_step(walked), told(walked), strict=True)
    ] == [
        ("waiting", datetime(2026, 4, 1, 13, tzinfo=UTC)),
        ("rearmed", datetime(2026, 5, 1, 13, tzinfo=UTC)),
        ("rearmed", datetime(2026, 5, 1, 7, tzinfo=UTC)),
        ("completed", None),
    ]
    assert "wall time in Europe/Paris (the contact's time zone)" in said(walked, "renewal")


def test_a_contact_who_moves_wakes_up_at_their_new_hour(simulator: Simulator) -> None:
    wait = step("wait_time", "days", duration=10, unit="calendar_days")
    walked = simulator.walk(seed_of(wait), contact=NEW_YORK, changes=["2d timezone=Europe/Paris"])
    assert [
        (kind, e.until) for e, (_, kind) in zip(_of_step(walked), told(walked), strict=True)
    ] == [
        # 10:00 in New York, which enters summer time meanwhile; 16:00 in Paris, which does not yet.
        ("waiting", datetime(2026, 3, 12, 14, tzinfo=UTC)),
        ("rearmed", datetime(2026, 3, 12, 15, tzinfo=UTC)),
        ("completed", None),
    ]


def _of_step(walked: Any) -> list[Any]:
    return [entry for entry in walked.timeline.entries if entry.step is not None]


@pytest.mark.parametrize(
    ("day", "at", "words"),
    [
        ("2026-03-08", datetime(2026, 3, 8, 7, tzinfo=UTC), "skips that time"),
        ("2026-11-01", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "come twice"),
    ],
    ids=["gap", "overlap"],
)
def test_clock_changes(simulator: Simulator, day: str, at: datetime, words: str) -> None:
    time_of_day = "02:30" if day == "2026-03-08" else "01:30"
    wait = step(
        "wait_until_date", "night", date_type="specific", date_value=day, time_of_day=time_of_day
    )
    walked = simulator.walk(seed_of(wait), contact=NEW_YORK)
    assert walked.timeline.entries[1].until == at
    assert words in said(walked, "night")


def test_a_call_is_looked_after_to_its_end(simulator: Simulator) -> None:
    voicemail = step(
        "send_voicemail",
        "ring",
        audio_file_id="${audio_files.Greeting}",
        from_number="+12025550100",
        retry_on_busy=True,
        max_retries=1,
    )
    audio = {
        "name": "Greeting",
        "url": "https://cdn.example.com/a.mp3",
        "content_type": "audio/mpeg",
    }
    walked = simulator.walk(
        seed_of(voicemail, audio_files=[audio]),
        contact=NEW_YORK,
        failures=["ring:line_busy"],
    )
    assert instants(walked) == [
        ("2026-03-02 15:00:00", "waiting", "ring"),
        ("2026-03-02 15:01:00", "retry", "ring"),
        ("2026-03-02 15:06:00", "waiting", "ring"),
        ("2026-03-02 15:07:00", "completed", "ring"),
    ]


def test_later_steps_read_what_webhooks_answer(simulator: Simulator, tmp_path: Path) -> None:
    hook = step(
        "webhook_call", "crm", url="https://crm.example.com/{{ contact.email }}", method="POST",
        payload={"who": "{{ contact.first_name }}"}, store_response=True,
    )  # fmt: skip
    scenario = simulator.file({"answers": {"crm": {"body": {"tier": "gold"}}}}, "scenario.yaml")
    walked = simulator.walk(
        seed_of(hook, tag("{{ steps.crm.response.tier }}", name="tier")),
        contact=["email=ada@example.com", "first_name=Ada"],
        scenario=scenario,
    )
    assert walked.setting.contact.tags == ["gold"]
    doing = walked.timeline.entries[1].doings[0]
    assert doing.summary == "POST https://crm.example.com/ada@example.com"
    assert doing.details["body"] == {"who": "Ada"}


def test_what_no_simulation_runs_has_the_output_of_the_scenario(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(
            step("custom_code", "score", code="return {tier: 'gold'}"),
            tag("{{ steps.score.tier }}", name="tier"),
        ),
        scenario=simulator.file({"outputs": {"score": {"tier": "gold"}}}, "scenario.yaml"),
    )
    assert walked.setting.contact.tags == ["gold"]
    assert "is not run in a simulation" in said(walked, "score")


def test_other_workflows_that_hear_of_it_are_named(simulator: Simulator) -> None:
    seed = seed_of(tag("vip"))
    other = {
        "name": "VIPs",
        "active": True,
        "actions": [tag("hello")],
        "triggers": [
            {"event_type": "tag_added", "conditions": [{"field": "tag_name", "value": "vip"}]}
        ],
    }
    walked = simulator.walk(seed | {"workflows": [*seed["workflows"], other]}, workflow="Test")
    notes = [line for e in walked.timeline.entries if e.kind is Kind.NOTE for line in e.says]
    assert notes == ["tag_added sets off the workflow 'VIPs', which is not simulated"]


def test_the_walk_ends_where_it_is_told_to(simulator: Simulator) -> None:
    walked = simulator.walk(
        seed_of(step("wait_time", "month", duration=30, unit="days"), tag("late")),
        until="10d",
        events=["20d form_submit"],
    )
    assert walked.state is ExecutionState.WAITING
    assert walked.setting.clock.now() == datetime(2026, 3, 12, 15, tzinfo=UTC)
    assert walked.left == ["events.0.when: form_submit"]


def test_the_same_input_gives_the_same_timeline(simulator: Simulator) -> None:
    content = seed_of(email("offer"), OPENED, sms("text"))
    first, second = (
        simulator.walk(content, contact=NEW_YORK, failures=["offer:network_timeout"])
        for _ in range(2)
    )
    assert instants(first) == instants(second)
