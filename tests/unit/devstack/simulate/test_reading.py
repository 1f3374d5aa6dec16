"""Wrong files and options: each is refused with its place and what to do."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from devstack.cli import app
from devstack.loading import FileError
from devstack.simulate.timeline import Kind
from tests.support.simulation import (
    ADDRESS,
    START,
    Json,
    Simulator,
    email,
    seed_of,
    statuses,
    step,
    tag,
    wait_for,
)

NURTURE = Path(str(files("devstack.seeds"))) / "nurture.yaml"
FIRST = "workflow.yaml: workflows.0.actions.0 (offer)"


@pytest.fixture
def simulator(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"workflows": []}, "has no workflow"),
        (["x"], "must hold names and values"),
        (seed_of(tag("a")) | {"color": 1}, "color"),
        (seed_of(tag("a"), tag("a")), "actions: 'a' is there twice"),
        (
            seed_of(step("add_tga", "offer")),
            "actions.0 (offer).action_type: there is no action type 'add_tga'; did you mean"
            " 'add_tag'?",
        ),
        (
            seed_of(step("add_tag", "offer", tag_nam="x")),
            f"{FIRST}.action_config.tag_name: is required",
        ),
        (
            seed_of(email("offer", "{{ contact.first_name")),
            f"{FIRST}.action_config.subject",
        ),
        (
            seed_of(email("offer") | {"fallback": "other", "on_error": "fallback"}),
            "actions.0.fallback: the workflow has no action 'other', but offer",
        ),
        (
            seed_of(email("offer") | {"on_error": "fallback"}),
            f"{FIRST}.fallback: is required when on_error is fallback",
        ),
        (
            seed_of(tag("first"), email("offer") | {"on_error": "fallback", "fallback": "first"}),
            "actions.1 (offer).fallback",
        ),
        (seed_of(tag("a") | {"on_error": "retry"}), "on_error: 'retry' must be one of stop"),
        (
            seed_of(wait_for("offer", "email_oepned")),
            f"{FIRST}.action_config.event_type: there is no event type 'email_oepned'",
        ),
        (
            seed_of(wait_for("offer", "email_open", related_action_id="${actions.other}")),
            "actions.0.action_config: the workflow has no action 'other', but offer",
        ),
        (
            seed_of(tag("a"), branches=[{"name": "b", "after": "x", "actions": [tag("c")]}]),
            "branches.0.after: there is no action 'x' before the branch",
        ),
        (
            seed_of(step("create_task", "offer", title="x", assignee_id="${users.Ada}")),
            f"{FIRST}.action_config: there is no user 'Ada'; correct the name or add it to users",
        ),
        (
            seed_of(step("assign_to_user", "offer", assignment_type="specific",
                         user_id="6f3a0000-0000-4000-8000-000000000000")),
            f"{FIRST}.action_config.user_id: there is no user with this id",
        ),
    ],
)  # fmt: skip
def test_wrong_workflows(simulator: Simulator, content: object, words: str) -> None:
    with pytest.raises(FileError) as refused:
        simulator.walk(content)
    assert words in str(refused.value)


def test_all_that_is_wrong_with_an_action_is_told_at_once(simulator: Simulator) -> None:
    offer = step("send_email", "offer", from_email="nobody")
    with pytest.raises(FileError) as refused:
        simulator.walk(seed_of(offer))
    assert str(refused.value).count("workflows.0.actions.0 (offer).action_config.") == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"start": "yesterday"}, "start: 'yesterday' is neither a duration"),
        ({"start": "2026-03-02T15:00:00"}, "does not say in which zone; add Z"),
        ({"until": "2026-03-01T15:00:00Z"}, "until: must be after the start"),
        ({"until": "offer+2d"}, "until: give a duration such as 90d"),
        ({"contact": ["shoe=45"]}, "--contact: shoe"),
        ({"contact": ["timezone=Mars/Base"]}, "contact.timezone: "),
        ({"contact": ["phone=12"]}, "contact.phone: must be a phone number in E.164"),
        ({"contact": ["nobody@example.com"]}, "has no contact 'nobody@example.com'"),
        ({"contact": ["owner=Grace"]}, "contact.owner: there is no user 'Grace'"),
        ({"contact": ["missing.yaml"]}, "missing.yaml: No such file"),
        ({"account": ["timezone=Mars/Base"]}, "account.timezone"),
        ({"account": ["shoe=45"]}, "--account: shoe"),
        ({"events": ["2d"]}, "--event: '2d' must be WHEN TYPE"),
        ({"events": ["soon email_opened"]}, "events.0.when: 'soon' is neither"),
        ({"events": ["2d email_oepned"]}, "events.0.type: there is no event type"),
        ({"events": ["shop+2d email_opened"]}, "events.0.when: the workflow has no step 'shop'"),
        ({"events": ["2d email_opened of=shop"]}, "events.0.of: the workflow has no step 'shop'"),
        ({"events": ["2d 'email_opened"]}, "--event: "),
        ({"changes": ["3d"]}, "--change: '3d' must be WHEN FIELD=VALUE"),
        ({"changes": ["3d shoe=45"]}, "changes.0.when: shoe is no field; there are email"),
        ({"changes": ["3d timezone=Mars"]}, "timezone"),
        ({"failures": ["offer"]}, "--fail: 'offer' must be STEP:ERROR"),
        ({"failures": ["offer:tired"]}, "error: Input should be 'network_timeout'"),
        ({"failures": ["shop:rate_limit"]}, "failures.0.step: the workflow has no step or type"),
        ({"failures": ["vip:rate_limit"]}, "failures.0.step: vip calls no provider"),
        ({"failures": ["offer:line_busy"]}, "failures.0.error: line_busy is for send_voicemail"),
        ({"failures": ["offer:rate_limit@2w"]}, "no provider is waited for longer than a day"),
        ({"workflow": "Other"}, "--workflow: "),
    ],
)
def test_wrong_options(simulator: Simulator, options: Json, words: str) -> None:
    pause = step("wait_time", "pause", duration=5, unit="days")
    with pytest.raises(FileError) as refused:
        simulator.walk(seed_of(tag("vip"), email("offer"), pause), **options)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"evnets": []}, "evnets"),
        ({"events": [{"when": "2d"}]}, "events.0.type"),
        ({"failures": [{"step": "vip", "error": "rate_limit", "times": 0}]}, "failures.0.times"),
        ({"answers": {"shop": {}}}, "answers: the workflow has no step 'shop'"),
        ({"contact": {"shoe": 45}}, "contact.shoe"),
    ],
)
def test_wrong_scenarios(simulator: Simulator, content: Any, words: str) -> None:
    scenario = simulator.file(content, "scenario.yaml")
    with pytest.raises(FileError) as refused:
        simulator.walk(seed_of(tag("vip")), scenario=scenario)
    assert words in str(refused.value)


def test_options_go_over_the_scenario(simulator: Simulator) -> None:
    scenario = simulator.file(
        {
            "start": START,
            "contact": {"first_name": "Ada", "timezone": "Europe/Paris"},
            "account": {"postal_address": "12 Bobbin Lane", "timezone": "UTC"},
            "events": [{"when": "1d", "type": "form_submit", "data": {"form_id": "a"}}],
        },
        "scenario.yaml",
    )
    walked = simulator.walk(
        seed_of(wait_for("form", "form_submit"), tag("{{ steps.form.data.form_id }}", name="b")),
        start=None,
        scenario=scenario,
        contact=["first_name=Grace", "custom_fields.seats=3"],
        account=["timezone=Asia/Tokyo"],
        events=["2d form_submit form_id=b"],
    )
    contact, account = walked.setting.contact, walked.setting.account
    assert (contact.text("first_name"), contact.text("timezone")) == ("Grace", "Europe/Paris")
    assert contact.fields["custom_fields.seats"] == 3
    assert (account.settings.timezone, account.settings.postal_address) == (
        "Asia/Tokyo",
        "12 Bobbin Lane",
    )
    assert contact.tags == ["a"]


def test_a_contact_of_a_file_of_the_seed_and_of_options(simulator: Simulator) -> None:
    file = simulator.file({"last_name": "Lovelace", "timezone": "Europe/London"}, "contact.yaml")
    seeded = {"email": "ada@example.com", "first_name": "Ada", "custom_fields": {"born": "1815"}}
    walked = simulator.walk(
        seed_of(tag("vip"), contacts=[seeded]),
        contact=["ada@example.com", str(file), "timezone=Europe/Rome", "custom_fields.seats=2"],
    )
    contact = walked.setting.contact
    names = ("email", "first_name", "last_name", "timezone")
    assert [contact.text(name) for name in names] == [
        "ada@example.com",
        "Ada",
        "Lovelace",
        "Europe/Rome",
    ]
    assert contact.shown()["custom_fields"] == {"born": "1815", "seats": 2}


def test_a_plain_workflow_file_is_enough(simulator: Simulator) -> None:
    template = {"id": "6f3a0000-0000-4000-8000-000000000000", "name": "T", "html_body": "<p>x</p>"}
    offer = email("offer")
    offer["action_config"]["template_id"] = template["id"]
    content = {"name": "Plain", "email_templates": [template], "actions": [offer]}
    assert statuses(simulator.walk(content)) == [("offer", "completed")]


def test_the_scenario_of_the_documentation_reads(simulator: Simulator) -> None:
    page = (Path(__file__).parents[4] / "docs" / "simulate.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    content = yaml.safe_load(block)
    steps = [email("welcome"), email("offer"), tag("crm"), tag("score")]
    walked = simulator.walk(
        seed_of(*steps, step("wait_time", "month", duration=30, unit="days")),
        scenario=simulator.file(content | {"start": START}, "scenario.yaml"),
        start=None,
    )
    assert walked.setting.contact.text("timezone") == "Europe/Paris"
    assert [entry.kind for entry in walked.timeline.entries].count(Kind.RETRY) == 2


def test_the_example_is_walked_through() -> None:
    options = ["--contact", "ada@example.com", "--start", "2026-03-01T18:00:00Z"]
    done = CliRunner().invoke(app, ["simulate", str(NURTURE), *options, "--account", ADDRESS])
    assert done.exit_code == 0, done.output
    assert "goes on in the branch 'Not opened' with nudge" in done.stdout


def test_the_command_shows_the_timeline_and_fails_with_2(simulator: Simulator) -> None:
    file = simulator.file(seed_of(email("offer"), tag("vip")))
    runner = CliRunner()
    options = ["--contact", "email=ada@example.com", "--start", START, "--account", ADDRESS]
    shown = runner.invoke(app, ["simulate", str(file), *options])
    assert shown.exit_code == 0, shown.output
    assert "2026-03-02 15:00:00 UTC" in shown.stdout
    assert "email to ada@example.com" in shown.stdout
    assert "tags added: vip" in shown.stdout
    wrong = runner.invoke(app, ["simulate", str(file), *options, "--event", "2d"])
    assert wrong.exit_code == 2
    assert "treadle: --event: '2d' must be WHEN TYPE" in wrong.stderr
