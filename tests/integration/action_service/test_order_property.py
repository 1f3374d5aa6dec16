"""Whatever is done to a path, its positions and links stay whole."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from tests.support.action_api import Api, Client
from treadle.workflow.v1 import action_service_pb2, workflow_service_pb2


async def _whole(client: Client, workflow_id: str, expected: list[str]) -> None:
    listed = await client.list(workflow_id)
    ids = [x.id for x in listed]
    assert ids == expected
    assert [x.position for x in listed] == list(range(1, len(ids) + 1))
    assert [x.previous_action_id for x in listed] == ["", *ids][: len(ids)]
    assert [x.next_action_id for x in listed] == [*ids[1:], ""][: len(ids)]


_STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "before", "after", "delete", "reorder"]), st.integers(0)),
    max_size=25,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS)
async def test_any_sequence_of_edits_keeps_positions_and_links_whole(
    client: Client, steps: list[tuple[str, int]]
) -> None:
    workflow = await client.workflow()
    model: list[str] = []
    for step, number in steps:
        place = number % (len(model) + 1)
        match step:
            case "add":
                model.append((await client.add(workflow.id)).id)
            case "before":
                added = await client.add(workflow.id, position=place + 1)
                model.insert(place, added.id)
            case "after" if place > 0:
                added = await client.add(workflow.id, previous_action_id=model[place - 1])
                model.insert(place, added.id)
            case "delete" if place < len(model):
                request = action_service_pb2.DeleteActionRequest(
                    workflow_id=workflow.id, action_id=model.pop(place)
                )
                await client.actions.DeleteAction(request)
            case "reorder" if model:
                random.Random(number).shuffle(model)
                reorder = action_service_pb2.ReorderActionsRequest(
                    workflow_id=workflow.id, action_ids=model
                )
                await client.actions.ReorderActions(reorder)
            case _:
                continue
        await _whole(client, workflow.id, model)


@pytest.mark.parametrize("leaves", [True, False])
async def test_the_database_looks_at_the_path_an_action_left(
    api: Api, client: Client, *, leaves: bool
) -> None:
    workflow = await client.workflow()
    request = workflow_service_pb2.CreateBranchRequest(workflow_id=workflow.id, name="side")
    branch = (await client.workflows.CreateBranch(request)).branch
    path = "" if leaves else branch.id
    ids = [(await client.add(workflow.id, branch_id=path)).id for _ in range(3)]
    with pytest.raises(IntegrityError, match="is broken at action"):
        await api.execute(
            "UPDATE workflow_actions SET branch_id = CAST(:branch AS uuid), position = 1,"
            " previous_action_id = NULL, next_action_id = NULL WHERE id = CAST(:id AS uuid)",
            branch=branch.id if leaves else None,
            id=ids[1],
        )
