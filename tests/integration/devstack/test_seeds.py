"""Seeds planted through a real gateway and api, once and again."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import yaml

from action_service.engine.background import Background
from common.auth import issue_token
from devstack.client import GatewayClient, JsonObject
from devstack.loading import FileError
from devstack.seeds.document import read_seed
from devstack.seeds.plant import plant
from gateway.settings import GatewaySettings
from tests.support.action_api import SECRET, Api, running_api
from tests.support.gateway import running_gateway
from tests.support.imports import importer

EXAMPLE = Path(str(files("devstack.seeds"))) / "example.yaml"
NURTURE = EXAMPLE.with_name("nurture.yaml")


class Garden:
    """An account to plant seeds in."""

    def __init__(self, api: Api, client: GatewayClient, folder: Path) -> None:
        self.api = api
        self.client = client
        self._file = folder / "seed.yaml"

    async def plant(self, seed: str | Path | dict[str, Any], **known: str) -> list[str]:
        """What planting it says."""
        file = seed if isinstance(seed, Path) else self._file
        if not isinstance(seed, Path):
            text = seed if isinstance(seed, str) else yaml.safe_dump(seed, sort_keys=False)
            file.write_text(text, encoding="utf-8")
        said: list[str] = []
        await asyncio.to_thread(
            lambda: plant(self.client, read_seed(file), file, known, said.append)
        )
        return said

    async def all(self, path: str, **filters: str) -> list[Any]:
        """All records of a collection."""
        return await asyncio.to_thread(lambda: list(self.client.records(path, **filters)))

    async def refusal(self, seed: dict[str, Any]) -> str:
        """Why it cannot be planted."""
        with pytest.raises(FileError) as refused:
            await self.plant(seed)
        return str(refused.value)

    async def counts(self) -> dict[str, int]:
        """How many records there are, and how many audit entries of any change."""
        tables = (
            "users", "teams", "team_members", "tags", "contact_tags", "custom_fields", "pipelines",
            "pipeline_stages", "courses", "campaigns", "campaign_steps", "email_templates",
            "workflows", "workflow_actions", "contacts", "audit_log", "event_outbox",
            "messenger_pages", "messenger_identities", "consents",
        )  # fmt: skip
        return {
            table: int(str((await self.api.rows(f"SELECT count(*) FROM {table}"))[0][0]))
            for table in tables
        }


@pytest.fixture
async def garden(database_url: str, tmp_path: Path) -> AsyncGenerator[Garden]:
    token = issue_token(
        SECRET, subject=uuid4(), account_id=uuid4(), roles=["admin"], ttl=timedelta(minutes=9)
    )
    stop = asyncio.Event()
    async with running_api(database_url) as api:
        settings = GatewaySettings(
            listen="127.0.0.1:0", api_target=api.address, scheduler_target=api.address
        )
        work = importer(api)
        importing = asyncio.create_task(
            Background(work.next_batch, name="imports", interval=timedelta(milliseconds=50)).run(
                stop
            )
        )
        async with running_gateway(settings) as url:
            with GatewayClient(url, token) as client:
                yield Garden(api, client, tmp_path)
        stop.set()
        await importing


async def test_the_example_is_planted_once(garden: Garden) -> None:
    said = await garden.plant(EXAMPLE)
    assert "team Sales: created" in said
    assert "campaign Spring: changed steps, workflow_id" in said
    assert "tags put on 2 contacts" in said
    first = await garden.counts()
    again = await garden.plant(EXAMPLE)
    assert len(again) == 1, again
    assert await garden.counts() == first
    assert first["contacts"] == 2
    assert first["contact_tags"] == 3
    workflows = await garden.all("workflows")
    assert {each["status"] for each in workflows} == {"active"}
    (campaign,) = await garden.all("campaigns")
    steps = campaign["steps"]
    assert [step["name"] for step in steps] == ["Offer", "Follow-up"]
    assert all(step["action_id"] for step in steps)
    (ada,) = await garden.all("contacts", email="ada@example.com")
    assert ada["phone"] == "+442079460958"
    assert ada["custom_fields"] == {"plan": "pro", "seats": 3, "renewal": "2027-03-31"}
    assert ada["tags"] == ["newsletter"]
    (page,) = await garden.all("messenger-pages")
    (identity,) = await garden.all("messenger-identities")
    assert (identity["messenger_page_id"], identity["contact_id"]) == (page["id"], ada["id"])


async def test_a_workflow_with_branches_and_fallbacks_is_planted(garden: Garden) -> None:
    assert "workflow Trial: created with 14 actions (active)" in await garden.plant(NURTURE)
    (workflow,) = await garden.all("workflows")
    path = f"workflows/{workflow['id']}"
    actions = {each["name"]: each for each in await garden.all(f"{path}/actions")}
    answer = await asyncio.to_thread(lambda: garden.client.read(f"{path}/branches"))
    (branch,) = cast("list[JsonObject]", answer["branches"])
    assert (branch["name"], branch["parent_action_id"]) == ("Not opened", actions["opened"]["id"])
    on_branch = [name for name, each in actions.items() if each["branch_id"] == branch["id"]]
    assert on_branch == ["nudge", "quiet"]
    assert actions["opened"]["action_config"]["related_action_id"] == actions["welcome"]["id"]
    assert actions["opened"]["action_config"]["timeout_branch_id"] == branch["id"]
    assert actions["offer"]["fallback_action_id"] == actions["call"]["id"]
    assert len(await garden.plant(NURTURE)) == 1


async def test_consents_of_a_seed(garden: Garden) -> None:
    await garden.plant(EXAMPLE)
    stored = "SELECT channel, purpose, status, source FROM consents ORDER BY channel"
    assert await garden.api.rows(stored) == [
        ("email", "marketing", "granted", "seed"),
        ("sms", "marketing", "withdrawn", "seed"),
    ]
    said = await garden.plant(
        {"contacts": [{"email": "ada@example.com", "email_consent": "withdrawn"}]}
    )
    assert said[0] == "contact ada@example.com: changed email_consent"
    refusal = await garden.refusal(
        {"contacts": [{"email": "ada@example.com", "sms_consent": "granted"}]}
    )
    assert "contacts.0 (ada@example.com): sms_consent: the contact has withdrawn it" in refusal


async def test_what_differs_is_changed_and_the_rest_stays(garden: Garden) -> None:
    await garden.plant(EXAMPLE)
    (pipeline,) = await garden.all("pipelines")
    said = await garden.plant(
        {
            "users": [{"name": "Alan Turing", "role": "support"}],
            "teams": [{"name": "Sales", "members": ["Alan Turing", "Radia Perlman"]}],
            "pipelines": [
                {
                    "name": "Sales",
                    "stages": [
                        {"name": "Won", "outcome": "won"},
                        {"name": "Lead"},
                        {"name": "Call"},
                    ],
                }
            ],
            "campaigns": [{"name": "Spring", "enrollment_limit": 10}],
            "contacts": [
                {
                    "email": "ADA@example.com",
                    "owner": "Alan Turing",
                    "custom_fields": {"seats": 4},
                    "tags": ["vip"],
                }
            ],
        }
    )
    assert said == [
        "user Alan Turing: changed role",
        "team Sales: changed member_ids",
        "pipeline Sales: changed stages",
        "campaign Spring: changed enrollment_limit",
        "contact ada@example.com: changed custom_fields, owner_id",
        "tags put on 1 contacts",
        "0 were as they should be",
    ]
    (after,) = await garden.all("pipelines")
    before = {stage["name"]: stage["id"] for stage in pipeline["stages"]}
    stages = after["stages"]
    assert [stage["name"] for stage in stages] == ["Won", "Lead", "Call"]
    assert [stage["id"] for stage in stages[:2]] == [before["Won"], before["Lead"]]
    (campaign,) = await garden.all("campaigns")
    assert campaign["workflow_id"]
    (ada,) = await garden.all("contacts", email="ada@example.com")
    assert ada["first_name"] == "Ada"
    assert ada["custom_fields"] == {"plan": "pro", "seats": 4, "renewal": "2027-03-31"}
    assert ada["tags"] == ["newsletter", "vip"]


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (
            {"teams": [{"name": "Sales", "members": ["Nobody"]}]},
            "teams.0 (Sales): there is no user 'Nobody'; correct the name or add it to users",
        ),
        (
            {"campaigns": [{"name": "S", "steps": [{"name": "A", "action": "x"}]}]},
            "campaigns.0 (S): the step's action 'x' needs a workflow",
        ),
        (
            {"workflows": [{"name": "W", "actions": [
                {"action_type": "add_tag", "action_config": {"tag_name": "${tags.x}"}}]}]},
            "workflows.0 (W): there is no tag 'x'",
        ),
        (
            {"workflows": [{"name": "W", "actions": [
                {"action_type": "add_tag", "action_config": {"tag_name": "${tag.x}"}}]}]},
            "${tag.x} must be <kind>.<name>",
        ),
        (
            {"pipelines": [{"name": "P", "stages": [{"name": "A"}]}],
             "workflows": [{"name": "W", "actions": [
                {"action_type": "add_tag",
                 "action_config": {"tag_name": "${pipelines.P.stages.B}"}}]}]},
            "pipeline 'P' has no stage 'B'",
        ),
        (
            {"workflows": [{"name": "W", "actions": [{"action_type": "add_tag"},
                {"action_type": "nonsense"}]}]},
            "workflows.0 (W): POST workflows/",
        ),
        ({"tags": [{"name": "x", "color": "red"}]}, "tags.0 (x): POST tags: 422"),
        ({"contacts": [{"email": "x"}]}, "contacts.0 (x): POST contacts: 422"),
        (
            {"contacts": [{"email": "a@example.com", "owner": "Nobody"}]},
            "contacts.0 (a@example.com): there is no user 'Nobody'",
        ),
        (
            {"contacts": [{"email": "a@example.com", "tags": ["a;b"]}]},
            "contacts.0 (a@example.com): a tag with a semicolon",
        ),
    ],
)  # fmt: skip
async def test_entries_that_cannot_be_carried_out(
    garden: Garden, seed: dict[str, Any], said: str
) -> None:
    refusal = await garden.refusal(seed)
    assert "seed.yaml: " in refusal
    assert said in refusal


async def test_what_cannot_be_changed(garden: Garden) -> None:
    field = {"name": "plan", "field_type": "text"}
    template = {"name": "T", "html_body": "<p>Hi</p>"}
    await garden.plant({"custom_fields": [field], "email_templates": [template]})
    refusal = await garden.refusal({"custom_fields": [field | {"field_type": "number"}]})
    assert "declared as text, and a type cannot be changed" in refusal
    refusal = await garden.refusal({"email_templates": [template | {"id": str(uuid4())}]})
    assert "it is there with the id" in refusal
    said = await garden.plant({"email_templates": [template | {"html_body": "<p>Ho</p>"}]})
    assert said[0] == "email template T: changed html_body"


async def test_a_name_that_two_have_is_refused(garden: Garden) -> None:
    for _ in range(2):
        garden_user = {"name": "Ann"}
        await asyncio.to_thread(garden.client.create, "users", garden_user)
    refusal = await garden.refusal({"users": [{"name": "Ann", "role": "x"}]})
    assert "2 users are called 'Ann'; rename" in refusal


async def test_a_workflow_that_is_refused_leaves_nothing_in_the_way(garden: Garden) -> None:
    workflow: dict[str, Any] = {"name": "W", "actions": [{"action_type": "nonsense"}]}
    await garden.refusal({"workflows": [workflow]})
    workflow["actions"] = [{"action_type": "add_tag", "action_config": {"tag_name": "${tag}"}}]
    assert await garden.plant({"workflows": [workflow]}, tag="x") == [
        "workflow W: created with 1 actions (draft)",
        "0 were as they should be",
    ]
    assert (await garden.plant({"workflows": [workflow | {"active": True}]}, tag="x"))[0] == (
        "workflow W: activated"
    )
