"""What is special about pipelines, opportunities and campaigns."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from grpc import aio

from common.errors import ErrorReason
from common.grpc.status import from_rpc_error
from tests.support.action_api import Api, Client, fields, refused
from tests.support.records import Records, told
from treadle.record.v1.opportunity_pb2 import Opportunity
from treadle.record.v1.pipeline_pb2 import (
    STAGE_OUTCOME_LOST,
    STAGE_OUTCOME_OPEN,
    STAGE_OUTCOME_WON,
    Pipeline,
)


@pytest.fixture
def records(client: Client) -> Records:
    return Records(client)


async def deal(records: Records, pipeline: Pipeline, **values: Any) -> Opportunity:
    return await records.new("opportunity", pipeline_id=pipeline.id, **values)


async def test_stages_keep_their_ids_and_take_their_order_from_the_list(
    api: Api, records: Records
) -> None:
    pipeline = await records.new("pipeline")
    new, won, lost = pipeline.stages
    assert [stage.outcome for stage in pipeline.stages] == [
        STAGE_OUTCOME_OPEN,
        STAGE_OUTCOME_WON,
        STAGE_OUTCOME_LOST,
    ]
    chosen = str(uuid4())
    changed = await records.update(
        "pipeline",
        pipeline.id,
        stages=[lost, {"id": chosen.upper(), "name": "Called"}, {"id": new.id, "name": "Fresh"}],
    )
    assert [(stage.id, stage.name) for stage in changed.stages] == [
        (lost.id, "Lost"),
        (chosen, "Called"),
        (new.id, "Fresh"),
    ]
    assert won.id not in {stage.id for stage in changed.stages}
    assert await records.get("pipeline", pipeline.id) == changed
    stored = await api.rows("SELECT position, id::text FROM pipeline_stages ORDER BY position")
    assert stored == [(0, lost.id), (1, chosen), (2, new.id)]
    # The name alone leaves the stages as they are.
    renamed = await records.update("pipeline", pipeline.id, name="Other")
    assert list(renamed.stages) == list(changed.stages)


async def test_ids_of_stages_that_others_have_are_taken(api: Api, records: Records) -> None:
    mine = await records.new("pipeline")
    theirs = await Records(await api.client()).new("pipeline")
    for taken in (mine.stages[0].id, theirs.stages[0].id):
        stage = {"id": taken, "name": "A"}
        error = await refused(records.new("pipeline", stages=[stage]), ErrorReason.ALREADY_EXISTS)
        assert fields(error) == ["pipeline.stages"]
    assert len(await records.list("pipeline")) == 1
    assert (await api.rows("SELECT count(*) FROM pipeline_stages")) == [(6,)]


async def test_a_stage_with_opportunities_stays_as_it_is(records: Records) -> None:
    pipeline = await records.new("pipeline")
    first, *others = pipeline.stages
    await deal(records, pipeline)
    for stages in (others, [{"id": first.id, "name": "New", "outcome": "STAGE_OUTCOME_WON"}]):
        change = records.update("pipeline", pipeline.id, stages=stages)
        error = await refused(change, ErrorReason.REFERENCED)
        assert fields(error) == ["pipeline.stages"]
        assert "'New' is needed by opportunities (1)" in error.message
    assert await records.get("pipeline", pipeline.id) == pipeline
    # Its name and its place may change, and stages without opportunities may go.
    renamed = {"id": first.id, "name": "Fresh"}
    changed = await records.update("pipeline", pipeline.id, stages=[others[0], renamed])
    assert [stage.name for stage in changed.stages] == ["Won", "Fresh"]
    error = await refused(records.delete("pipeline", pipeline.id), ErrorReason.REFERENCED)
    assert "opportunities (1)" in error.message
    (opportunity,) = await records.list("opportunity")
    await records.delete("opportunity", opportunity.id)
    await records.delete("pipeline", pipeline.id)


async def test_a_pipeline_that_goes_while_opportunities_come(records: Records) -> None:
    for _ in range(5):
        pipeline = await records.new("pipeline")
        given = {**await records.sample("opportunity"), "pipeline_id": pipeline.id}
        outcomes = await asyncio.gather(
            *(records.create("opportunity", **given) for _ in range(2)),
            records.delete("pipeline", pipeline.id),
            *(records.create("opportunity", **given) for _ in range(2)),
            return_exceptions=True,
        )
        refusals = {
            from_rpc_error(outcome).reason
            for outcome in outcomes
            if isinstance(outcome, aio.AioRpcError)
        }
        assert refusals <= {ErrorReason.VALIDATION_FAILED, ErrorReason.REFERENCED}
        made = await records.list("opportunity", pipeline_id=pipeline.id)
        assert bool(made) == isinstance(outcomes[2], BaseException)


async def test_what_a_workflow_names_cannot_be_deleted(client: Client, records: Records) -> None:
    pipeline = await records.new("pipeline")
    workflow = await client.workflow()
    config = {"pipeline_id": pipeline.id, "stage_id": pipeline.stages[1].id.upper()}
    await client.add(workflow.id, {"move_pipeline_stage": config})
    error = await refused(records.delete("pipeline", pipeline.id), ErrorReason.REFERENCED)
    assert "workflow actions (1)" in error.message
    dropped = records.update("pipeline", pipeline.id, stages=[pipeline.stages[0]])
    assert "workflow actions (1)" in (await refused(dropped, ErrorReason.REFERENCED)).message


async def test_an_opportunity_begins_at_the_first_stage(
    api: Api, client: Client, records: Records
) -> None:
    await client.workflow()
    await api.execute("UPDATE accounts SET currency = 'CHF'")
    pipeline = await records.new("pipeline")
    new, won, lost = pipeline.stages
    first = await deal(records, pipeline)
    assert (first.stage_id, first.status) == (new.id, STAGE_OUTCOME_OPEN)
    assert first.currency == "CHF"
    assert not first.HasField("closed_at")
    assert first.stage_changed_at == first.created_at
    second = await deal(records, pipeline, stage_id=won.id, currency="EUR")
    assert (second.stage_id, second.status) == (won.id, STAGE_OUTCOME_WON)
    assert second.closed_at == second.created_at
    (other,) = (await records.new("pipeline", stages=[{"name": "Only"}])).stages
    wrong = deal(records, pipeline, stage_id=other.id)
    error = await refused(wrong, ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["opportunity.stage_id"]
    assert error.violations[0].description == (
        "there is no pipeline stage with this id in the pipeline"
    )
    by_stage = await records.list("opportunity", stage_id=won.id)
    assert [each.id for each in by_stage] == [second.id]
    assert await records.list("opportunity", pipeline_id=pipeline.id, stage_id=lost.id) == []
    by_contact = await records.list("opportunity", contact_id=first.contact_id)
    assert [each.id for each in by_contact] == [first.id]


async def test_moving_an_opportunity(api: Api, records: Records) -> None:
    pipeline = await records.new("pipeline")
    new, won, lost = pipeline.stages
    begun = await deal(records, pipeline)
    won_deal = await records.update("opportunity", begun.id, stage_id=won.id)
    assert won_deal.status == STAGE_OUTCOME_WON
    assert won_deal.closed_at == won_deal.stage_changed_at
    assert won_deal.stage_changed_at.ToDatetime() > begun.stage_changed_at.ToDatetime()
    renamed = await records.update("opportunity", begun.id, name="Bigger", stage_id=won.id)
    assert renamed.stage_changed_at == won_deal.stage_changed_at
    lost_deal = await records.update("opportunity", begun.id, stage_id=lost.id)
    assert lost_deal.status == STAGE_OUTCOME_LOST
    assert lost_deal.closed_at.ToDatetime() > won_deal.closed_at.ToDatetime()
    reopened = await records.update("opportunity", begun.id, stage_id=new.id)
    assert (reopened.status, reopened.HasField("closed_at")) == (STAGE_OUTCOME_OPEN, False)
    audit = await api.rows(
        "SELECT before, after FROM audit_log WHERE operation = 'opportunity.updated' ORDER BY id"
    )
    before: Any = audit[0][0]
    after: Any = audit[0][1]
    assert (before["status"], before["closed_at"]) == ("open", None)
    assert (before["stage_id"], after["stage_id"]) == (new.id, won.id)
    assert after["status"] == "won"


async def test_another_pipeline_has_another_first_stage(records: Records) -> None:
    pipeline, other = await records.new("pipeline"), await records.new("pipeline")
    begun = await deal(records, pipeline)
    moved = await records.update("opportunity", begun.id, pipeline_id=other.id)
    assert moved.stage_id == other.stages[0].id
    chosen = await records.update(
        "opportunity", begun.id, pipeline_id=pipeline.id, stage_id=pipeline.stages[1].id
    )
    assert chosen.status == STAGE_OUTCOME_WON
    for values in (
        {"pipeline_id": other.id, "stage_id": pipeline.stages[1].id},
        {"stage_id": other.stages[1].id},
    ):
        change = records.update("opportunity", begun.id, **values)
        error = await refused(change, ErrorReason.VALIDATION_FAILED)
        assert fields(error) == ["opportunity.stage_id"]


async def test_workflows_hear_of_opportunities(api: Api, records: Records) -> None:
    pipeline = await records.new("pipeline")
    begun = await deal(records, pipeline, value=10.5)
    await records.update("opportunity", begun.id, name="Renamed")
    await records.update("opportunity", begun.id, stage_id=pipeline.stages[1].id)
    assert await told(api, "opportunity_created", "stage_changed") == [
        (
            "opportunity_created",
            begun.contact_id,
            {
                "opportunity_id": begun.id,
                "pipeline_id": pipeline.id,
                "stage_id": pipeline.stages[0].id,
                "value": 10.5,
                "currency": "USD",
            },
        ),
        (
            "stage_changed",
            begun.contact_id,
            {
                "opportunity_id": begun.id,
                "pipeline_id": pipeline.id,
                "previous_stage_id": pipeline.stages[0].id,
                "stage_id": pipeline.stages[1].id,
                "status": "won",
            },
        ),
    ]


async def test_moves_at_the_same_time_come_one_after_another(api: Api, records: Records) -> None:
    pipeline = await records.new("pipeline")
    begun = await deal(records, pipeline)
    await asyncio.gather(
        *(
            records.update("opportunity", begun.id, stage_id=pipeline.stages[1 + index % 2].id)
            for index in range(8)
        )
    )
    moves = [each.data for each in await told(api, "stage_changed")]
    places = [begun.stage_id]
    while rest := [move for move in moves if move["previous_stage_id"] == places[-1]]:
        moves.remove(rest[0])
        places.append(rest[0]["stage_id"])
    # Every move but the last begins where another one ended.
    assert not moves
    assert places[-1] == (await records.get("opportunity", begun.id)).stage_id


async def test_steps_begin_at_actions_of_the_campaigns_workflow(
    client: Client, records: Records
) -> None:
    workflow, other = await client.workflow("One"), await client.workflow("Other")
    action, foreign = await client.add(workflow.id), await client.add(other.id)
    steps = [{"name": "Start"}, {"name": "Middle", "action_id": action.id}]
    campaign = await records.new("campaign", workflow_id=workflow.id, steps=steps)
    assert [step.action_id for step in campaign.steps] == ["", action.id]
    assert campaign.enrolled_count == 0
    kept = await records.update("campaign", campaign.id, steps=campaign.steps[::-1])
    assert list(kept.steps) == campaign.steps[::-1]
    wrong: list[dict[str, Any]] = [
        {"steps": [{"name": "Start", "action_id": foreign.id}]},
        {"workflow_id": other.id},
        {"mask": ("workflow_id",)},
    ]
    for change in wrong:
        error = await refused(
            records.update("campaign", campaign.id, **change), ErrorReason.VALIDATION_FAILED
        )
        assert fields(error) == ["campaign.steps[0].action_id"]
    detached = await records.update(
        "campaign", campaign.id, mask=("workflow_id", "steps"), steps=[{"name": "Alone"}]
    )
    assert detached.workflow_id == ""
    assert await records.get("campaign", campaign.id) == detached


async def test_campaigns_that_are_needed(api: Api, client: Client, records: Records) -> None:
    campaign = await records.new("campaign")
    config = {
        "campaign_id": campaign.id,
        "start_position": "START_POSITION_SPECIFIC_STEP",
        "step_id": campaign.steps[1].id,
    }
    await client.add((await client.workflow()).id, {"add_to_campaign": config})
    change = records.update("campaign", campaign.id, steps=[campaign.steps[0]])
    error = await refused(change, ErrorReason.REFERENCED)
    assert "campaign step 'Two' is needed by workflow actions (1)" in error.message
    assert fields(error) == ["campaign.steps"]
    other = await records.new("campaign")
    contact = await client.contact()
    for status in ("removed", "active"):
        await enrol(api, client, other.id, contact.id, status)
    assert (await records.get("campaign", other.id)).enrolled_count == 1
    error = await refused(records.delete("campaign", other.id), ErrorReason.REFERENCED)
    assert "enrolments (2)" in error.message
    assert "set it inactive instead" in error.message


async def enrol(api: Api, client: Client, campaign: str, contact: str, status: str) -> UUID:
    enrollment_id = uuid4()
    await api.execute(
        "INSERT INTO campaign_enrollments (id, account_id, campaign_id, contact_id, status,"
        " end_reason) VALUES (:id, :account, CAST(:campaign AS uuid), CAST(:contact AS uuid),"
        " CAST(:status AS text), 'because')",
        id=enrollment_id,
        account=client.account_id,
        campaign=campaign,
        contact=contact,
        status=status,
    )
    return enrollment_id


async def test_enrolments_are_read(api: Api, client: Client, records: Records) -> None:
    first, second = await records.new("campaign"), await records.new("campaign")
    ann, bob = await client.contact(), await client.contact()
    one = await enrol(api, client, first.id, ann.id, "active")
    two = await enrol(api, client, first.id, bob.id, "removed")
    three = await enrol(api, client, second.id, ann.id, "completed")

    async def found(**filters: Any) -> set[UUID]:
        return {UUID(e.id) for e in await records.list("campaign_enrollment", **filters)}

    assert await found() == {one, two, three}
    assert await found(campaign_id=first.id) == {one, two}
    assert await found(contact_id=ann.id) == {one, three}
    assert await found(campaign_id=first.id, status="ENROLLMENT_STATUS_REMOVED") == {two}
    enrollment = await records.get("campaign_enrollment", str(two))
    assert (enrollment.contact_id, enrollment.end_reason) == (bob.id, "because")
    await refused(found(campaign_id="x"), ErrorReason.MALFORMED_REQUEST)
    await refused(found(status=9), ErrorReason.MALFORMED_REQUEST)
    stranger = Records(await api.client())
    await refused(stranger.get("campaign_enrollment", str(two)), ErrorReason.NOT_FOUND)
    assert await stranger.list("campaign_enrollment", campaign_id=first.id) == []
