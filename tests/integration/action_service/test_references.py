"""Configurations that point to records, over gRPC on a real Postgres."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from tests.support.sales import add_campaign, add_opportunity, add_pipeline
from treadle.workflow.v1 import action_pb2, workflow_service_pb2

ABSENT = str(uuid4())


async def records(api: Api, client: Client) -> dict[str, str]:
    """One record of each kind in the client's account, by names that tables below use."""
    contact = await client.contact(first_name="Ann")
    account = str(client.account_id)
    made = {name: str(uuid4()) for name in ("user", "team", "course", "template")}
    for name, sql in (
        ("user", "INSERT INTO users (id, account_id, name) VALUES (:id, :account, 'Bea')"),
        ("team", "INSERT INTO teams (id, account_id, name) VALUES (:id, :account, 'Sales')"),
        ("course", "INSERT INTO courses (id, account_id, name) VALUES (:id, :account, 'Yoga')"),
        (
            "template",
            "INSERT INTO email_templates (id, account_id, name, html_body)"
            " VALUES (:id, :account, 'Hello', 'x')",
        ),
    ):
        await api.execute(sql, id=made[name], account=account)
    campaign = await add_campaign(api, account)
    pipeline = await add_pipeline(api, account)
    return made | {
        "contact": contact.id,
        "campaign": campaign.id,
        "step": campaign.step_ids[0],
        "other_step": (await add_campaign(api, account)).step_ids[0],
        "pipeline": pipeline.id,
        "stage": pipeline.stage_ids[0],
        "other_stage": (await add_pipeline(api, account)).stage_ids[0],
        "opportunity": await add_opportunity(api, account, contact.id, pipeline),
        "absent": ABSENT,
    }


def filled(config: Any, ids: Mapping[str, str]) -> Any:
    """The configuration with `<name>` replaced by that record's id."""
    if isinstance(config, dict):
        return {name: filled(value, ids) for name, value in config.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(config, list):
        return [filled(item, ids) for item in config]  # pyright: ignore[reportUnknownVariableType]
    return ids.get(config[1:-1], config) if isinstance(config, str) else config


SPECIFIC_STEP = action_pb2.ActionConfig(
    add_to_campaign={"start_position": "START_POSITION_SPECIFIC_STEP"}
).add_to_campaign.start_position

VALID: list[dict[str, Any]] = [
    {
        "send_email": {
            "template_id": "<template>",
            "subject": "Hi",
            "from_name": "Ann",
            "from_email": "ann@example.com",
        }
    },
    {
        "add_to_campaign": {
            "campaign_id": "<campaign>",
            "start_position": SPECIFIC_STEP,
            "step_id": "<step>",
        }
    },
    {"remove_from_campaign": {"campaign_id": "<campaign>"}},
    {
        "move_pipeline_stage": {
            "pipeline_id": "<pipeline>",
            "stage_id": "<stage>",
            "opportunity_selector": 3,
            "opportunity_id": "<opportunity>",
        }
    },
    {
        "move_pipeline_stage": {
            "pipeline_id": "<pipeline>",
            "stage_id": "<stage>",
            "opportunity_selector": 3,
            "opportunity_id": "{{ contact.custom_fields.deal }}",
        }
    },
    {
        "create_opportunity": {
            "pipeline_id": "<pipeline>",
            "stage_id": "<stage>",
            "name": "{{ contact.last_name }}",
        }
    },
    {"assign_to_user": {"assignment_type": 1, "user_id": "<user>"}},
    {"assign_to_user": {"assignment_type": 2, "team_id": "<team>"}},
    {"create_task": {"title": "Call", "assignee_id": "<user>"}},
    {
        "send_notification": {
            "recipient_type": 1,
            "recipient_ids": ["<user>"],
            "channels": [1],
            "title": "Hi",
            "message": "Hello",
        }
    },
    {"grant_course_access": {"course_id": "<course>"}},
    {"revoke_course_access": {"course_id": "<course>"}},
]

INVALID: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"add_to_campaign": {"campaign_id": "<absent>"}},
        {"campaign_id": "there is no campaign with this id"},
    ),
    (
        {
            "add_to_campaign": {
                "campaign_id": "<campaign>",
                "start_position": SPECIFIC_STEP,
                "step_id": "<other_step>",
            }
        },
        {"step_id": "there is no campaign step with this id in the campaign"},
    ),
    (
        {"remove_from_campaign": {"campaign_id": "<pipeline>"}},
        {"campaign_id": "there is no campaign with this id"},
    ),
    (
        {"move_pipeline_stage": {"pipeline_id": "<pipeline>", "stage_id": "<other_stage>"}},
        {"stage_id": "there is no pipeline stage with this id in the pipeline"},
    ),
    (
        {
            "move_pipeline_stage": {
                "pipeline_id": "<pipeline>",
                "stage_id": "<stage>",
                "opportunity_selector": 3,
                "opportunity_id": "<absent>",
            }
        },
        {"opportunity_id": "there is no opportunity with this id"},
    ),
    (
        {
            "create_opportunity": {
                "pipeline_id": "<absent>",
                "stage_id": "<stage>",
                "name": "Deal",
            }
        },
        {
            "pipeline_id": "there is no pipeline with this id",
            "stage_id": "there is no pipeline stage with this id in the pipeline",
        },
    ),
    (
        {"assign_to_user": {"assignment_type": 1, "user_id": "<absent>"}},
        {"user_id": "there is no user with this id"},
    ),
    (
        {"assign_to_user": {"assignment_type": 2, "team_id": "<user>"}},
        {"team_id": "there is no team with this id"},
    ),
    (
        {"create_task": {"title": "Call", "assignee_id": "<absent>"}},
        {"assignee_id": "there is no user with this id"},
    ),
    (
        {
            "send_notification": {
                "recipient_type": 1,
                "recipient_ids": ["<user>", "<absent>"],
                "channels": [1],
                "title": "Hi",
                "message": "Hello",
            }
        },
        {"recipient_ids[1]": "there is no user with this id"},
    ),
    (
        {"grant_course_access": {"course_id": "<absent>"}},
        {"course_id": "there is no course with this id"},
    ),
    (
        {"revoke_course_access": {"course_id": "<campaign>"}},
        {"course_id": "there is no course with this id"},
    ),
]


async def test_references_to_records_that_are_there(api: Api, client: Client) -> None:
    ids = await records(api, client)
    workflow = await client.workflow()
    for config in VALID:
        action = await client.add(workflow.id, filled(config, ids))
        assert not action.config_violations, config
        assert action.config_status == action_pb2.CONFIG_STATUS_VALID
    assert (await client.activate(workflow.id)).version == 1


async def test_references_that_lead_nowhere(api: Api, client: Client) -> None:
    ids = await records(api, client)
    workflow = await client.workflow()
    expected: list[str] = []
    for config, problems in INVALID:
        action = await client.add(workflow.id, filled(config, ids))
        assert {v.field: v.description for v in action.config_violations} == problems
        assert action.config_status == action_pb2.CONFIG_STATUS_INVALID
        expected += [f"actions[{action.id}].config.{field}" for field in problems]
    error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
    assert fields(error) == expected


async def test_records_of_other_accounts_are_not_there(api: Api, client: Client) -> None:
    ids = await records(api, await api.client())
    workflow = await client.workflow()
    for config in VALID:
        action = await client.add(workflow.id, filled(config, ids))
        pointing = str(config).count("<")
        assert len(action.config_violations) == pointing, config


async def test_what_goes_away_is_missed(api: Api, client: Client) -> None:
    ids = await records(api, client)
    workflow = await client.workflow()
    action = await client.add(workflow.id, {"grant_course_access": {"course_id": ids["course"]}})
    assert action.config_status == action_pb2.CONFIG_STATUS_VALID
    await client.activate(workflow.id)
    await client.pause(workflow.id)
    await api.execute("DELETE FROM courses WHERE id = :id", id=ids["course"])
    (listed,) = await client.list(workflow.id)
    assert [v.field for v in listed.config_violations] == ["course_id"]
    # What has been frozen before runs on; its step says at run time what is missing.
    request = workflow_service_pb2.ResumeWorkflowRequest(workflow_id=workflow.id)
    assert (await client.workflows.ResumeWorkflow(request)).workflow.version == 1


@pytest.mark.parametrize("config", [{"remove_from_campaign": {"campaign_id": "nonsense"}}])
async def test_what_is_no_id_is_refused_at_once(client: Client, config: dict[str, Any]) -> None:
    workflow = await client.workflow()
    error = await refused(client.add(workflow.id, config), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["config.campaign_id"]
