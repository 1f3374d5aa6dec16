"""Claims of sends to people who must not be reached: refused, with the reason, and never a race."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from tests.integration.action_service.test_ledger import (
    ALREADY,
    GRANTED,
    STALE,
    delivering,
    started,
)
from tests.support.action_api import Api, Client
from treadle.account.v1 import account_pb2, account_service_pb2
from treadle.catalog.v1.send_purpose_pb2 import (
    SEND_PURPOSE_MARKETING,
    SEND_PURPOSE_TRANSACTIONAL,
    SendPurpose,
)
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import compliance_service_pb2 as compliance
from treadle.compliance.v1.compliance_pb2 import (
    CHANNEL_EMAIL,
    CHANNEL_SMS,
    CONSENT_STATUS_GRANTED,
    CONSENT_STATUS_WITHDRAWN,
    SUPPRESSION_CAUSE_BOUNCE,
    SUPPRESSION_CAUSE_COMPLAINT,
    SUPPRESSION_CAUSE_MANUAL,
    SUPPRESSION_CAUSE_STOP,
    SUPPRESSION_CAUSE_UNSUBSCRIBE,
    SUPPRESSION_SCOPE_MARKETING,
)
from treadle.ledger.v1 import ledger_service_pb2 as pb

REFUSED = pb.CLAIM_DECISION_REFUSED
NUMBER = "+14155550100"
TODAY = datetime.now(UTC).date().isoformat()


class Scene(NamedTuple):
    """An account, its only contact, and an executor."""

    api: Api
    client: Client
    executor: Client
    contact_id: str

    def to(self, claim: pb.Claim, **changed: Any) -> pb.Claim:
        """The same claim, of a marketing SMS to the contact unless it says otherwise."""
        given: dict[str, Any] = {
            "channel": CHANNEL_SMS,
            "address": NUMBER,
            "purpose": SEND_PURPOSE_MARKETING,
            "contact_id": self.contact_id,
            **changed,
        }
        addressed = pb.Claim(recipient=pb.Recipient(**given))
        addressed.MergeFrom(claim)
        return addressed

    async def claim(self, *claims: pb.Claim) -> list[tuple[int, str]]:
        """The decisions with their reasons."""
        answer = await self.executor.ledger.ClaimAttempts(pb.ClaimAttemptsRequest(claims=claims))
        reasons = dict(answer.reasons)
        return [(decision, reasons.get(at, "")) for at, decision in enumerate(answer.decisions)]

    async def suppress(self, **given: Any) -> compliance_pb2.Suppression:
        """Adds a suppression, of the contact's number unless it says otherwise."""
        if "contact_id" not in given:
            given = {"channel": CHANNEL_SMS, "address": NUMBER, **given}
        request = compliance.AddSuppressionRequest(suppression=compliance_pb2.Suppression(**given))
        return (await self.client.compliance.AddSuppression(request)).suppression

    async def say(
        self,
        status: compliance_pb2.ConsentStatus,
        purpose: SendPurpose = SEND_PURPOSE_MARKETING,
    ) -> None:
        """Records what the contact says of SMS, of marketing unless it says otherwise."""
        consent = compliance_pb2.Consent(channel=CHANNEL_SMS, purpose=purpose, status=status)
        await self.client.compliance.SetConsents(
            compliance.SetConsentsRequest(contact_id=self.contact_id, consents=[consent])
        )

    async def demand_consent(self) -> None:
        """Has the account ask for explicit consent on SMS."""
        account = account_pb2.Account(explicit_consent_channels=[CHANNEL_SMS])
        request = account_service_pb2.UpdateAccountRequest(account=account)
        await self.client.account.UpdateAccount(request)


@pytest.fixture
async def scene(api: Api, client: Client) -> Scene:
    executor = await api.client("service", subject="service:executor")
    contact = await client.contact(phone=NUMBER)
    return Scene(api, client, executor, contact.id)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (SUPPRESSION_CAUSE_STOP, f"suppressed: answered STOP on {TODAY}"),
        (SUPPRESSION_CAUSE_UNSUBSCRIBE, f"suppressed: unsubscribed on {TODAY}"),
        (SUPPRESSION_CAUSE_BOUNCE, f"messages to this address have bounced since {TODAY}"),
        (SUPPRESSION_CAUSE_COMPLAINT, f"suppressed: reported a message as spam on {TODAY}"),
        (SUPPRESSION_CAUSE_MANUAL, f"has been blocked by the account since {TODAY}"),
    ],
    ids=["stop", "unsubscribe", "bounce", "complaint", "manual"],
)
async def test_a_suppressed_address_is_not_sent_to(
    scene: Scene, cause: compliance_pb2.SuppressionCause, reason: str
) -> None:
    (step,) = await started(scene.api, scene.client, 1)
    suppression = await scene.suppress(cause=cause)
    for _ in range(2):
        ((decision, said),) = await scene.claim(scene.to(step))
        assert decision == REFUSED
        assert reason in said
    assert await scene.api.rows("SELECT status FROM workflow_action_executions") == [("pending",)]
    assert await scene.api.rows("SELECT count(*) FROM send_claims") == [(0,)]
    request = compliance.LiftSuppressionRequest(suppression_id=suppression.id)
    await scene.client.compliance.LiftSuppression(request)
    assert await scene.claim(scene.to(step)) == [(GRANTED, "")]


async def test_a_suppression_holds_for_its_address_and_scope_alone(scene: Scene) -> None:
    await scene.suppress(scope=SUPPRESSION_SCOPE_MARKETING)
    steps = await started(scene.api, scene.client, 6)
    decided = await scene.claim(
        scene.to(steps[0]),
        scene.to(steps[1], purpose=SEND_PURPOSE_TRANSACTIONAL),
        scene.to(steps[2], address="+14155550101"),
        scene.to(steps[3], channel=CHANNEL_EMAIL, address="a@example.com"),
        scene.to(steps[4], contact_id="", purpose=0),
        steps[5],
    )
    assert [decision for decision, _ in decided] == [
        REFUSED,
        GRANTED,
        GRANTED,
        GRANTED,
        REFUSED,
        GRANTED,
    ]


async def test_an_email_address_is_the_same_in_any_case(scene: Scene) -> None:
    await scene.suppress(channel=CHANNEL_EMAIL, address="Ann@Example.com")
    (step,) = await started(scene.api, scene.client, 1)
    email = scene.to(step, channel=CHANNEL_EMAIL, address="ANN@example.com")
    ((decision, _),) = await scene.claim(email)
    assert decision == REFUSED


async def test_who_is_not_to_be_contacted_is_reached_by_nothing(scene: Scene) -> None:
    await scene.suppress(contact_id=scene.contact_id)
    steps = await started(scene.api, scene.client, 3)
    decided = await scene.claim(
        scene.to(steps[0], purpose=SEND_PURPOSE_TRANSACTIONAL),
        scene.to(steps[1], channel=CHANNEL_EMAIL, address="a@example.com"),
        scene.to(steps[2], contact_id=""),
    )
    reason = f"suppressed: the contact is not to be contacted since {TODAY}"
    assert decided == [(REFUSED, reason), (REFUSED, reason), (GRANTED, "")]


async def test_a_consent_that_was_withdrawn_holds_for_its_purpose(scene: Scene) -> None:
    await scene.say(CONSENT_STATUS_WITHDRAWN)
    steps = await started(scene.api, scene.client, 3)
    decided = await scene.claim(
        scene.to(steps[0]), scene.to(steps[1], purpose=SEND_PURPOSE_TRANSACTIONAL)
    )
    reason = f"no consent: the contact has withdrawn it for marketing by sms on {TODAY}"
    assert decided == [(REFUSED, reason), (GRANTED, "")]
    await scene.say(CONSENT_STATUS_GRANTED)
    assert await scene.claim(scene.to(steps[2])) == [(GRANTED, "")]


async def test_an_account_may_ask_for_explicit_consent(scene: Scene) -> None:
    await scene.demand_consent()
    steps = await started(scene.api, scene.client, 4)
    decided = await scene.claim(
        scene.to(steps[0]),
        scene.to(steps[1], purpose=SEND_PURPOSE_TRANSACTIONAL),
        scene.to(steps[2], channel=CHANNEL_EMAIL, address="a@example.com"),
    )
    reason = "no consent: marketing by sms needs the contact's explicit consent"
    assert decided == [(REFUSED, reason), (GRANTED, ""), (GRANTED, "")]
    await scene.say(CONSENT_STATUS_GRANTED)
    assert await scene.claim(scene.to(steps[3])) == [(GRANTED, "")]


async def test_what_was_claimed_before_may_have_been_sent(scene: Scene) -> None:
    step, other = await started(scene.api, scene.client, 2)
    delivery = scene.to(await delivering(scene.api, scene.client, other))
    assert await scene.claim(scene.to(step), delivery) == [(GRANTED, "")] * 2
    await scene.suppress()
    assert await scene.claim(scene.to(step), delivery) == [(ALREADY, "")] * 2
    await scene.api.execute("UPDATE workflow_executions SET current_attempt_id = NULL")
    assert await scene.claim(scene.to(step)) == [(STALE, "")]


async def test_a_delivery_is_refused_as_a_step_is(scene: Scene) -> None:
    (step,) = await started(scene.api, scene.client, 1)
    delivery = scene.to(await delivering(scene.api, scene.client, step), contact_id="")
    await scene.suppress()
    ((decision, reason),) = await scene.claim(delivery)
    assert decision == REFUSED
    assert reason.startswith("suppressed: ")
    assert await scene.api.rows("SELECT claimed, status FROM deliveries") == [(False, "pending")]


@pytest.mark.parametrize("standing", ["do-not-contact", "withdrawn"])
async def test_news_for_a_user_goes_out_whatever_the_contact_wants(
    scene: Scene, standing: str
) -> None:
    (step,) = await started(scene.api, scene.client, 1)
    news = await delivering(scene.api, scene.client, step)
    await scene.api.execute(
        "WITH owner AS (INSERT INTO users (id, account_id, name, email)"
        " VALUES (gen_random_uuid(), :account, 'Ann', 'ann@example.com') RETURNING id),"
        " told AS (INSERT INTO notifications (id, account_id, user_id, contact_id, title, message,"
        " channels) SELECT gen_random_uuid(), :account, id, :contact, 'News', 'Call', '{sms}'"
        " FROM owner RETURNING id)"
        " UPDATE deliveries SET contact_id = :contact, notification_id = told.id FROM told",
        account=scene.client.account_id,
        contact=scene.contact_id,
    )
    welcome = await delivering(scene.api, scene.client, step)
    if standing == "withdrawn":
        await scene.say(CONSENT_STATUS_WITHDRAWN, SEND_PURPOSE_TRANSACTIONAL)
    else:
        await scene.suppress(contact_id=scene.contact_id)
    to_user = scene.to(news, address="+14155550177", purpose=SEND_PURPOSE_TRANSACTIONAL)
    to_contact = scene.to(welcome, purpose=SEND_PURPOSE_TRANSACTIONAL)
    decided = await scene.claim(to_user, to_contact)
    assert [decision for decision, _ in decided] == [GRANTED, REFUSED]


async def test_a_suppression_of_another_account_keeps_nothing_back(api: Api, scene: Scene) -> None:
    stranger = await api.client()
    suppression = compliance_pb2.Suppression(channel=CHANNEL_SMS, address=NUMBER)
    request = compliance.AddSuppressionRequest(suppression=suppression)
    await stranger.compliance.AddSuppression(request)
    (step,) = await started(scene.api, scene.client, 1)
    assert await scene.claim(scene.to(step)) == [(GRANTED, "")]


FORBIDDING: dict[str, Callable[[Scene], Awaitable[object]]] = {
    "suppression": lambda scene: scene.suppress(cause=SUPPRESSION_CAUSE_STOP),
    "do-not-contact": lambda scene: scene.suppress(contact_id=scene.contact_id),
    "withdrawal": lambda scene: scene.say(CONSENT_STATUS_WITHDRAWN),
    "explicit-consent": lambda scene: scene.demand_consent(),
}


@pytest.mark.parametrize("forbid", FORBIDDING.values(), ids=FORBIDDING)
async def test_once_it_is_forbidden_no_claim_is_granted(
    scene: Scene, forbid: Callable[[Scene], Awaitable[object]]
) -> None:
    steps = await started(scene.api, scene.client, 200)
    claimed: list[tuple[int, str]] = []
    first = asyncio.Event()
    forbidden_at: list[float] = []
    begun_after: list[int] = []
    now = asyncio.get_running_loop().time

    async def claim(step: pb.Claim) -> None:
        begun = now()
        claimed.extend(decided := await scene.claim(scene.to(step)))
        first.set()
        if forbidden_at and begun >= forbidden_at[0]:
            begun_after.append(decided[0][0])

    async def claims() -> None:
        for start in range(0, len(steps), 10):
            await asyncio.gather(*(claim(step) for step in steps[start : start + 10]))

    async def forbidding() -> None:
        await first.wait()
        await forbid(scene)
        forbidden_at.append(now())

    await asyncio.gather(claims(), forbidding())
    decisions = [decision for decision, _ in claimed]
    assert decisions.count(GRANTED) + decisions.count(REFUSED) == 200
    assert begun_after
    assert set(begun_after) == {REFUSED}


async def test_a_claim_that_waits_for_its_execution_keeps_a_stop_waiting(scene: Scene) -> None:
    """The stop is stored either before the claim is decided or after its message may leave."""
    (step,) = await started(scene.api, scene.client, 1)
    async with scene.api.db.begin() as engine:
        await engine.exec_driver_sql("SELECT FROM workflow_executions FOR UPDATE")
        claiming = asyncio.create_task(scene.claim(scene.to(step)))
        await scene.api.lock_waiters(1)
        stopping = asyncio.create_task(scene.suppress(cause=SUPPRESSION_CAUSE_STOP))
        await scene.api.lock_waiters(2)
        assert not claiming.done()
        assert not stopping.done()
    assert await claiming == [(GRANTED, "")]
    await stopping


async def test_a_claim_waits_for_a_stop_that_is_being_stored(scene: Scene) -> None:
    (step,) = await started(scene.api, scene.client, 1)
    async with scene.api.db.begin() as storing:
        await storing.execute(
            text("SELECT pg_advisory_xact_lock(7101, hashtext(CAST(:account AS text)))"),
            {"account": str(scene.client.account_id)},
        )
        claiming = asyncio.create_task(scene.claim(scene.to(step)))
        await scene.api.lock_waiters(1)
        await storing.execute(
            text(
                "INSERT INTO suppressions (id, account_id, channel, address, scope, cause,"
                " created_by) VALUES (gen_random_uuid(), :account, 'sms', :number, 'all', 'stop',"
                " 'provider:twilio')"
            ),
            {"account": scene.client.account_id, "number": NUMBER},
        )
        assert not claiming.done()
    ((decision, _),) = await claiming
    assert decision == REFUSED
