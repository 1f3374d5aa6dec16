"""One seed, planted and run by the whole stack, and simulated: the same steps come of it.

It keeps the simulation from drifting away: what it has of its own are records in memory, a desk in
the providers' place, and effects on those records.
"""

import re
from pathlib import Path
from typing import cast

import pytest

from devstack.answers import StepLog
from devstack.client import GatewayClient
from devstack.seeds.document import read_seed
from devstack.seeds.plant import plant
from devstack.simulate.rows import StepRow
from devstack.simulate.run import Options, simulate
from tests.support.account import Account
from tests.support.foreground import eventually
from tests.support.simulation import (
    Json,
    Simulator,
    StoppedClock,
    email,
    seed_of,
    step,
    tag,
    wait_for,
)

# Nothing listens there, so every call of it fails.
NOBODY = "http://127.0.0.1:1/"
STEPS = [
    tag("met {{ contact.first_name }}", name="met"),
    tag("never", is_enabled=False),
    step("update_contact", "plan", field_updates=[
        {"field": "custom_fields.plan", "value": "{{ contact.custom_fields.plan }} plus"}]),
    step("update_contact", "seats", update_mode="increment", field_updates=[
        {"field": "custom_fields.seats", "value": 2}]),
    step("assign_to_user", "owner", assignment_type="round_robin", team_id="${teams.Sales}"),
    step("create_opportunity", "deal", name="For {{ contact.email }}", value=12.5,
         pipeline_id="${pipelines.Sales}"),
    step("move_pipeline_stage", "won", pipeline_id="${pipelines.Sales}",
         stage_id="${pipelines.Sales.stages.Won}"),
    step("create_task", "todo", title="Call {{ user.name }}", due_date_offset={"days": 1}),
    step("add_note", "note", content="{{ steps.deal.value }}"),
    step("send_notification", "told", recipient_type="contact_owner", channels=["in_app"],
         title="Won", message="{{ contact.first_name }}"),
    step("grant_course_access", "course", course_id="${courses.Weaving}", duration_days=3,
         send_welcome=False),
    step("revoke_course_access", "no_course", course_id="${courses.Weaving}"),
    step("add_to_campaign", "spring", campaign_id="${campaigns.Spring}"),
    step("add_to_campaign", "again", campaign_id="${campaigns.Spring}"),
    step("remove_from_campaign", "autumn", campaign_id="${campaigns.Spring}"),
    step("create_contact", "other", email="{{ contact.first_name }}@example.net"),
    step("create_contact", "same", email="{{ contact.email }}"),
    step("remove_tag", "unmet", tag_name="met Ada"),
    step("remove_tag", "unknown", tag_name="nothing"),
    email("offer"),
    tag("{{ contact.custom_fields.shoe }}", name="broken", on_error="continue"),
    step("webhook_call", "hook", url=NOBODY, method="GET", retry_on_failure=False) | {
        "on_error": "fallback", "fallback": "rescued"},
    tag("jumped over"),
    tag("rescued"),
    step("wait_time", "pause", duration=1, unit="seconds"),
    wait_for("form", "form_submit", timeout_duration=1, timeout_unit="seconds",
             timeout_action="branch", timeout_branch_id="${branches.Silent}"),
    tag("unreached"),
]  # fmt: skip
SEED = seed_of(
    *STEPS,
    branches=[
        {
            "name": "Silent",
            "after": "form",
            "actions": [tag("ended by {{ steps.form.ended_by }}", name="silent")],
        }
    ],
    users=[{"name": "Grace Hopper", "email": "grace@example.com"}],
    teams=[{"name": "Sales", "members": ["Grace Hopper"]}],
    custom_fields=[{"name": "seats", "field_type": "number"}],
    pipelines=[{"name": "Sales", "stages": [{"name": "Lead"}, {"name": "Won", "outcome": "won"}]}],
    courses=[{"name": "Weaving"}],
    campaigns=[{"name": "Spring"}],
    contacts=[
        {
            "email": "ada@example.com",
            "first_name": "Ada",
            "timezone": "Europe/London",
            "custom_fields": {"plan": "pro", "seats": 3},
            "email_consent": "withdrawn",
        }
    ],
)

_IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANTS = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?)?")

# Name, status, error class, error message, reason, retries, output.
Told = tuple[str | None, str, str | None, str, str, int, object]


@pytest.fixture
def simulator(tmp_path: Path) -> Simulator:
    return Simulator(tmp_path)


def alike(value: object) -> object:
    """A value with ids and instants made the same."""
    if isinstance(value, str):
        return _INSTANTS.sub("AT", _IDS.sub("ID", value))
    if isinstance(value, list):
        return [alike(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {name: alike(item) for name, item in members.items()}
    return value


def logged(log: StepLog) -> Told:
    error = log.error
    return (
        log.action_name,
        log.status,
        error and error.error_class,
        _words(error.message if error else None),
        _words(log.reason),
        log.retry_count,
        alike(log.result),
    )


def simulated(row: StepRow) -> Told:
    return (
        row.step.name,
        row.status.value,
        row.error_class,
        _words(row.error_message),
        _words(row.reason),
        row.retry_count,
        alike(row.output),
    )


def _words(text: str | None) -> str:
    """What is said, as far as it does not depend on who fails in which way."""
    return str(alike(text or "")).partition(" could not be reached")[0]


def run_for_real(client: GatewayClient, file: Path) -> tuple[list[Told], Json]:
    """The log of the seed's workflow for the seed's contact, and the contact afterwards."""
    plant(client, read_seed(file), file, {}, lambda _: None)
    (workflow,) = client.records("workflows")
    (contact,) = client.records("contacts", email="ada@example.com")
    client.activate(str(workflow["id"]))
    (run,) = client.start_executions(str(workflow["id"]), [str(contact["id"])])
    assert eventually(lambda: client.read(f"executions/{run}")["state"] == "completed")
    return [logged(log) for log in client.step_logs(run)], client.read(f"contacts/{contact['id']}")


def test_a_simulated_run_is_like_a_real_one(simulator: Simulator, account: Account) -> None:
    file = simulator.file(SEED)
    with GatewayClient(account.stack.gateway_url, account.token()) as client:
        real, contact = run_for_real(client, file)
    options = Options(
        file=file,
        contact=["ada@example.com"],
        start="2026-03-02T15:00:00Z",
        account=["postal_address=Treadle development"],
        failures=["hook:network_timeout"],
    )
    walked = simulate(options, StoppedClock())
    assert [simulated(row) for row in walked.steps] == real
    assert walked.state.value == "completed"
    after = walked.setting.contact
    assert sorted(after.tags) == sorted(contact["tags"])
    assert alike(after.shown()["custom_fields"]) == contact["custom_fields"]
