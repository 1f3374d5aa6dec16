"""Claims of sends: granted once, to the current attempt only."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import text

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.execution.v1 import execution_service_pb2
from treadle.ledger.v1 import ledger_service_pb2 as pb

GRANTED = pb.CLAIM_DECISION_GRANTED
ALREADY = pb.CLAIM_DECISION_ALREADY_CLAIMED
STALE = pb.CLAIM_DECISION_STALE


@pytest.fixture
async def executor(api: Api) -> Client:
    """A service that acts for no account in particular."""
    return await api.client("service", subject="service:executor")


async def started(api: Api, client: Client, number: int) -> list[pb.Claim]:
    """The claims of as many executions' first attempts."""
    workflow = await client.workflow()
    await client.add(workflow.id)
    await client.activate(workflow.id)
    contacts = contact_service_pb2.CreateContactsRequest(
        contacts=[contact_pb2.Contact(first_name="A") for _ in range(number)]
    )
    ids = (await client.contacts.CreateContacts(contacts)).contact_ids
    await client.executions.StartExecutions(
        execution_service_pb2.StartExecutionsRequest(workflow_id=workflow.id, contact_ids=ids)
    )
    rows = await api.rows(
        "SELECT attempt_id::text, id::text, account_id::text FROM workflow_action_executions"
        " WHERE account_id = :account ORDER BY id",
        account=client.account_id,
    )
    return [
        pb.Claim(attempt_id=str(a), action_execution_id=str(x), account_id=str(account))
        for a, x, account in rows
    ]


async def claim(executor: Client, *claims: pb.Claim) -> list[int]:
    request = pb.ClaimAttemptsRequest(claims=claims)
    return list((await executor.ledger.ClaimAttempts(request)).decisions)


async def test_the_first_claim_is_granted_and_begins_the_step(
    api: Api, client: Client, executor: Client
) -> None:
    claims = await started(api, client, 3)
    assert await claim(executor, claims[2], claims[0]) == [GRANTED, GRANTED]
    assert await claim(executor, *claims) == [ALREADY, GRANTED, ALREADY]
    rows = await api.rows("SELECT status, started_at IS NOT NULL FROM workflow_action_executions")
    assert rows == [("running", True)] * 3


async def test_accounts_share_a_batch_but_not_their_attempts(
    api: Api, client: Client, executor: Client
) -> None:
    stranger = await api.client()
    (mine,), (theirs,) = await started(api, client, 1), await started(api, stranger, 1)
    wrong = pb.Claim(
        attempt_id=mine.attempt_id,
        action_execution_id=mine.action_execution_id,
        account_id=theirs.account_id,
    )
    crossed = pb.Claim(
        attempt_id=theirs.attempt_id,
        action_execution_id=mine.action_execution_id,
        account_id=mine.account_id,
    )
    assert await claim(executor, wrong, crossed) == [STALE, STALE]
    assert await claim(executor, theirs, mine) == [GRANTED, GRANTED]


async def test_what_is_no_longer_current_is_stale(
    api: Api, client: Client, executor: Client
) -> None:
    claims = await started(api, client, 4)
    await client.executions.CancelExecution(
        execution_service_pb2.CancelExecutionRequest(
            execution_id=str(
                (
                    await api.rows(
                        "SELECT workflow_execution_id FROM workflow_action_executions"
                        " WHERE id = CAST(:id AS uuid)",
                        id=claims[0].action_execution_id,
                    )
                )[0][0]
            )
        )
    )
    await api.execute(
        "UPDATE workflow_action_executions SET attempt_id = gen_random_uuid()"
        " WHERE id = CAST(:id AS uuid)",
        id=claims[1].action_execution_id,
    )
    await api.execute(
        "UPDATE workflow_executions SET current_attempt_id = gen_random_uuid()"
        " WHERE current_attempt_id = CAST(:id AS uuid)",
        id=claims[2].attempt_id,
    )
    nobody = pb.Claim(
        attempt_id=str(uuid4()),
        action_execution_id=str(uuid4()),
        account_id=str(client.account_id),
    )
    assert await claim(executor, *claims, nobody) == [STALE, STALE, STALE, GRANTED, STALE]


async def test_a_paused_workflow_holds_what_is_not_claimed_yet(
    api: Api, client: Client, executor: Client
) -> None:
    before, after = await started(api, client, 2)
    (elsewhere,) = await started(api, await api.client(), 1)
    assert await claim(executor, before) == [GRANTED]
    workflow_id = await api.rows(
        "SELECT e.workflow_id FROM workflow_executions e JOIN workflow_action_executions x"
        " ON x.workflow_execution_id = e.id WHERE x.id = CAST(:id AS uuid)",
        id=before.action_execution_id,
    )
    await client.pause(str(workflow_id[0][0]))
    assert await claim(executor, before, after, elsewhere) == [ALREADY, STALE, GRANTED]
    assert await claim(executor, after) == [STALE]
    rows = await api.rows(
        "SELECT e.state, x.status, x.lease_until IS NULL, x.attempt_id = e.current_attempt_id,"
        " x.attempt_id = CAST(:attempt AS uuid)"
        " FROM workflow_action_executions x JOIN workflow_executions e"
        " ON e.id = x.workflow_execution_id WHERE x.id = CAST(:id AS uuid)",
        attempt=after.attempt_id,
        id=after.action_execution_id,
    )
    assert rows == [("paused", "pending", True, True, False)]
    assert await api.rows("SELECT count(*) FROM send_claims") == [(2,)]


async def test_claims_wait_for_their_execution_and_see_what_became_of_it(
    api: Api, client: Client, executor: Client
) -> None:
    claims = await started(api, client, 2)
    async with api.db.begin() as connection:
        await connection.exec_driver_sql("SELECT FROM workflow_executions ORDER BY id FOR UPDATE")
        waiting = asyncio.create_task(claim(executor, *claims))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await connection.execute(
            text(
                "UPDATE workflow_executions SET current_attempt_id = gen_random_uuid()"
                " WHERE current_attempt_id = CAST(:id AS uuid)"
            ),
            {"id": claims[0].attempt_id},
        )
    assert await waiting == [STALE, GRANTED]


async def test_only_one_of_many_at_once_is_granted(
    api: Api, client: Client, executor: Client
) -> None:
    claims = await started(api, client, 20)
    batches = [claims[index:] + claims[:index] for index in range(20)]
    answers = await asyncio.gather(*(claim(executor, *batch) for batch in batches))
    counts = Counter(decision for answer in answers for decision in answer)
    assert counts == {GRANTED: 20, ALREADY: 380}
    assert await api.rows("SELECT count(*) FROM send_claims") == [(20,)]


async def delivering(api: Api, client: Client, step: pb.Claim) -> pb.Claim:
    """The claim of a delivery that the step has brought about."""
    await api.execute(
        "INSERT INTO deliveries (id, account_id, action_execution_id, channel, recipient,"
        " attempt_id, lease_until) VALUES (gen_random_uuid(), :account, :step, 'sms', '+1',"
        " gen_random_uuid(), now())",
        account=client.account_id,
        step=step.action_execution_id,
    )
    ((delivery_id, attempt_id),) = await api.rows(
        "SELECT id::text, attempt_id::text FROM deliveries WHERE account_id = :account"
        " ORDER BY created_at DESC LIMIT 1",
        account=client.account_id,
    )
    return pb.Claim(
        attempt_id=str(attempt_id),
        action_execution_id=step.action_execution_id,
        account_id=step.account_id,
        delivery_id=str(delivery_id),
    )


async def test_a_delivery_is_claimed_apart_from_its_step(
    api: Api, client: Client, executor: Client
) -> None:
    (step,) = await started(api, client, 1)
    one, two = await delivering(api, client, step), await delivering(api, client, step)
    assert await claim(executor, one, step) == [GRANTED, GRANTED]
    assert await claim(executor, two, step, one) == [GRANTED, ALREADY, ALREADY]
    assert await api.rows("SELECT claimed, status FROM deliveries") == [(True, "pending")] * 2
    assert await api.rows("SELECT count(*) FROM send_claims") == [(1,)]


async def test_a_delivery_that_has_moved_on_is_stale(
    api: Api, client: Client, executor: Client
) -> None:
    stranger = await api.client()
    (step,), (theirs,) = await started(api, client, 1), await started(api, stranger, 1)
    mine = await delivering(api, client, step)
    wrong = pb.Claim()
    wrong.CopyFrom(mine)
    wrong.account_id = theirs.account_id
    assert await claim(executor, wrong) == [STALE]
    nobody = pb.Claim()
    nobody.CopyFrom(mine)
    nobody.delivery_id = str(uuid4())
    assert await claim(executor, nobody) == [STALE]
    await api.execute("UPDATE deliveries SET status = 'unknown'")
    assert await claim(executor, mine) == [STALE]
    await api.execute("UPDATE deliveries SET status = 'pending', attempt_id = gen_random_uuid()")
    assert await claim(executor, mine) == [STALE]
    assert await api.rows("SELECT claimed FROM deliveries") == [(False,)]


async def test_only_one_of_many_claims_of_a_delivery_is_granted(
    api: Api, client: Client, executor: Client
) -> None:
    (step,) = await started(api, client, 1)
    claims = [await delivering(api, client, step) for _ in range(10)]
    batches = [claims[index:] + claims[:index] for index in range(10)]
    answers = await asyncio.gather(*(claim(executor, *batch) for batch in batches))
    counts = Counter(decision for answer in answers for decision in answer)
    assert counts == {GRANTED: 10, ALREADY: 90}


async def test_claims_that_are_refused(api: Api, client: Client, executor: Client) -> None:
    (one,) = await started(api, client, 1)
    bad = pb.Claim(attempt_id="x", action_execution_id=one.action_execution_id)
    error = await refused(claim(executor, one, bad), ErrorReason.MALFORMED_REQUEST)
    assert fields(error) == ["claims[1].attempt_id"]
    error = await refused(claim(executor, one, one), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["claims[1].attempt_id"]
    error = await refused(claim(executor), ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["claims"]
    # Not even an admin: claims are between services.
    await refused(claim(client, one), ErrorReason.PERMISSION_DENIED)
    assert await claim(executor, one) == [GRANTED]
