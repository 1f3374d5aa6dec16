"""Campaigns, pipelines and opportunities, put straight into the database of a test."""

from dataclasses import dataclass
from typing import Protocol

from common.ids import new_id


class Sql(Protocol):
    """A test's way to its database: `Api` and `Bench` are both."""

    async def execute(self, sql: str, **values: object) -> None:
        """Runs a statement and commits."""
        ...


@dataclass(frozen=True)
class Campaign:
    """A campaign; its steps begin at the actions it was made with."""

    id: str
    step_ids: tuple[str, ...]


@dataclass(frozen=True)
class Pipeline:
    """A pipeline; its stages are open, open, won and lost."""

    id: str
    stage_ids: tuple[str, ...]


async def add_campaign(
    sql: Sql,
    account_id: str,
    *,
    limit: int | None = None,
    active: bool = True,
    workflow_id: str | None = None,
    steps: tuple[str | None, ...] = (None,),
) -> Campaign:
    """A campaign with one step for each action of `steps`, or for none."""
    campaign = Campaign(str(new_id()), tuple(str(new_id()) for _ in steps))
    await sql.execute(
        "INSERT INTO campaigns (id, account_id, name, workflow_id, enrollment_limit, is_active)"
        " VALUES (:id, :account, :name, CAST(:workflow AS uuid), :limit, :active)",
        id=campaign.id,
        account=account_id,
        name=f"Campaign {campaign.id}",
        workflow=workflow_id,
        limit=limit,
        active=active,
    )
    for position, (step_id, action_id) in enumerate(zip(campaign.step_ids, steps, strict=True)):
        await sql.execute(
            "INSERT INTO campaign_steps (id, account_id, campaign_id, position, name, action_id)"
            " VALUES (:id, :account, :campaign, :position, 'Step', CAST(:action AS uuid))",
            id=step_id,
            account=account_id,
            campaign=campaign.id,
            position=position,
            action=action_id,
        )
    return campaign


async def add_pipeline(sql: Sql, account_id: str) -> Pipeline:
    """A pipeline of four stages."""
    outcomes = ("open", "open", "won", "lost")
    pipeline = Pipeline(str(new_id()), tuple(str(new_id()) for _ in outcomes))
    await sql.execute(
        "INSERT INTO pipelines (id, account_id, name) VALUES (:id, :account, :name)",
        id=pipeline.id,
        account=account_id,
        name=f"Pipeline {pipeline.id}",
    )
    for position, (stage_id, outcome) in enumerate(zip(pipeline.stage_ids, outcomes, strict=True)):
        await sql.execute(
            "INSERT INTO pipeline_stages (id, account_id, pipeline_id, position, name, outcome)"
            " VALUES (:id, :account, :pipeline, :position, 'Stage', :outcome)",
            id=stage_id,
            account=account_id,
            pipeline=pipeline.id,
            position=position,
            outcome=outcome,
        )
    return pipeline


async def add_opportunity(
    sql: Sql, account_id: str, contact_id: str, pipeline: Pipeline, *, stage: int = 0, age: int = 0
) -> str:
    """An opportunity that was made `age` days ago, in a stage of the pipeline."""
    opportunity_id = str(new_id())
    await sql.execute(
        "INSERT INTO opportunities (id, account_id, contact_id, pipeline_id, stage_id, name,"
        " currency, created_at) VALUES (:id, :account, :contact, :pipeline, :stage, 'Deal', 'EUR',"
        " now() - :age * interval '1 day')",
        id=opportunity_id,
        account=account_id,
        contact=contact_id,
        pipeline=pipeline.id,
        stage=pipeline.stage_ids[stage],
        age=age,
    )
    return opportunity_id
