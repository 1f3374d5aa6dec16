"""MessageService on a real Postgres: what is listed, in which order, and for whom."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from action_service.domain.deliveries import Channel, DeliveryStatus
from action_service.domain.messages import DeliveryState
from common.errors import ErrorReason
from common.ids import new_id_text
from tests.support.action_api import Api, Client, fields, refused
from treadle.execution.v1 import execution_pb2, execution_service_pb2
from treadle.message.v1 import message_pb2
from treadle.message.v1 import message_service_pb2 as pb
from treadle.message.v1.message_service_pb2_grpc import MessageServiceStub

SEND = {"send_sms": {"message": "Hello", "from_number": "+14155550199"}}
ADD = """
    INSERT INTO messages (id, account_id, provider, provider_message_id, channel, contact_id,
                          action_execution_id, delivery_id, state, times)
    VALUES (:id, :account, 'twilio', :reference, 'sms', :contact, :step, :delivery, :state,
            '{"queued": "2026-11-01T12:00:00+00:00"}')
    """
DELIVER = """
    INSERT INTO deliveries (id, account_id, action_execution_id, channel, recipient, status,
                            reason, attempt_id, attempts)
    VALUES (:id, :account, :step, 'email', 'ada@example.com', 'skipped', 'no address', :id, 1)
    """


class Sent:
    """An execution whose step has sent something, and the lists that show it."""

    def __init__(self, api: Api, client: Client) -> None:
        self.api, self.client = api, client
        self.stub = MessageServiceStub(client.channel)

    async def begin(self) -> "Sent":
        self.contact = (await self.client.contact(phone="+14155550123")).id
        self.workflow = (await self.client.workflow()).id
        await self.client.add(self.workflow, SEND)
        await self.client.activate(self.workflow)
        request = execution_service_pb2.StartExecutionRequest(
            workflow_id=self.workflow, contact_id=self.contact
        )
        started = await self.client.executions.StartExecution(request)
        self.execution = started.execution.id
        (self.step,) = await self.steps()
        return self

    async def steps(self) -> list[str]:
        return [each.id for each in await self.log()]

    async def log(self) -> list[execution_pb2.ActionExecution]:
        request = execution_service_pb2.ListActionExecutionsRequest(execution_id=self.execution)
        answer = await self.client.executions.ListActionExecutions(request)
        return list(answer.action_executions)

    async def add(self, state: str = "sent", delivery: str | None = None) -> str:
        message_id = new_id_text()
        await self.api.execute(
            ADD,
            id=message_id,
            account=self.client.account_id,
            reference=f"SM{message_id}",
            contact=self.contact,
            step=self.step,
            delivery=delivery,
            state=state,
        )
        return message_id

    async def listed(self, **request: Any) -> list[str]:
        answer = await self.stub.ListMessages(pb.ListMessagesRequest(**request))
        return [each.id for each in answer.messages]


@pytest.fixture
async def sent(api: Api, client: Client) -> Sent:
    return await Sent(api, client).begin()


async def test_lists_newest_first_by_each_filter(sent: Sent) -> None:
    older, newer = await sent.add(), await sent.add("delivered")
    for name in ("contact", "workflow", "execution"):
        assert await sent.listed(**{f"{name}_id": getattr(sent, name)}) == [newer, older]
        assert await sent.listed(**{f"{name}_id": new_id_text()}) == []
    state = message_pb2.DELIVERY_STATE_DELIVERED
    assert await sent.listed(contact_id=sent.contact, state=state) == [newer]


async def test_pages_follow_each_other(sent: Sent) -> None:
    added = [await sent.add() for _ in range(5)]
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListMessagesRequest(contact_id=sent.contact, page_size=2, page_token=token)
        answer = await sent.stub.ListMessages(request)
        found += [each.id for each in answer.messages]
        token = answer.next_page_token
        if not token:
            break
    assert found == added[::-1]
    other = pb.ListMessagesRequest(
        workflow_id=sent.workflow,
        page_token=(
            await sent.stub.ListMessages(
                pb.ListMessagesRequest(contact_id=sent.contact, page_size=2)
            )
        ).next_page_token,
    )
    error = await refused(sent.stub.ListMessages(other), ErrorReason.MALFORMED_REQUEST)
    assert fields(error) == ["page_token"]


async def test_a_list_needs_something_to_list_by(sent: Sent) -> None:
    error = await refused(
        sent.stub.ListMessages(pb.ListMessagesRequest()), ErrorReason.VALIDATION_FAILED
    )
    assert fields(error) == ["contact_id"]


async def test_another_account_sees_nothing(sent: Sent) -> None:
    await sent.add()
    stranger = await sent.api.client()
    stub = MessageServiceStub(stranger.channel)
    answer = await stub.ListMessages(pb.ListMessagesRequest(contact_id=sent.contact))
    assert not answer.messages


async def test_the_log_shows_what_a_step_has_sent_and_what_goes_beside_it(sent: Sent) -> None:
    message_id, delivery_id = await sent.add("undelivered"), new_id_text()
    await sent.api.execute(DELIVER, id=delivery_id, account=sent.client.account_id, step=sent.step)
    (step,) = await sent.log()
    (message,) = step.messages
    assert (message.id, message.state) == (message_id, message_pb2.DELIVERY_STATE_UNDELIVERED)
    assert (message.channel, message.contact_id) == (message_pb2.CHANNEL_SMS, sent.contact)
    assert (message.workflow_id, message.execution_id) == (sent.workflow, sent.execution)
    assert (message.action_id, message.action_execution_id) == (step.action_id, step.id)
    at = message.times["queued"].ToDatetime(tzinfo=UTC)
    assert at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    (delivery,) = step.deliveries
    assert (delivery.id, delivery.status) == (delivery_id, message_pb2.DELIVERY_STATUS_SKIPPED)
    assert (delivery.recipient, delivery.reason) == ("ada@example.com", "no address")


async def test_a_workflow_s_summary_counts_its_own_messages(sent: Sent) -> None:
    await sent.add("delivered")
    await sent.add("opened")
    await sent.add("opened")
    await sent.add("sent", delivery=new_id_text())
    request = execution_service_pb2.SummarizeExecutionsRequest(workflow_id=sent.workflow)
    (step,) = (await sent.client.executions.SummarizeExecutions(request)).steps
    assert dict(step.messages) == {"delivered": 1, "opened": 2}


async def test_who_watches_hears_of_a_message_s_progress(sent: Sent) -> None:
    message_id = await sent.add()
    request = execution_service_pb2.WatchExecutionRequest(execution_id=sent.execution)
    watch = sent.client.executions.WatchExecution(request)
    states: list[str] = []
    async for shown in watch:
        (message,) = shown.action_executions[0].messages
        states.append(message_pb2.DeliveryState.Name(message.state))
        if len(states) == 2:
            break
        await sent.api.execute(
            "UPDATE messages SET state = 'delivered' WHERE id = :id", id=message_id
        )
    watch.cancel()
    assert states == ["DELIVERY_STATE_SENT", "DELIVERY_STATE_DELIVERED"]


@pytest.mark.parametrize(
    ("known", "prefix", "wire"),
    [
        (Channel, "CHANNEL_", message_pb2.Channel.keys()),
        (DeliveryState, "DELIVERY_STATE_", message_pb2.DeliveryState.keys()),
        (DeliveryStatus, "DELIVERY_STATUS_", message_pb2.DeliveryStatus.keys()),
    ],
    ids=["channel", "state", "status"],
)
def test_the_contract_has_every_value(
    known: type[StrEnum], prefix: str, wire: Sequence[str]
) -> None:
    assert set(wire) == {f"{prefix}UNSPECIFIED", *(f"{prefix}{each.name}" for each in known)}
