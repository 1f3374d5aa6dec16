"""The services behind the gateway: one channel each, shared by all requests."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from datetime import timedelta
from typing import Final, TypeVar

from grpc import aio
from grpc_health.v1 import health_pb2

from common.grpc.client import bearer
from common.grpc.status import from_rpc_error
from gateway.pointers import NO_BODY, BodyFields
from gateway.problems import RefusedError
from treadle.account.v1 import account_service_pb2_grpc
from treadle.catalog.v1 import catalog_service_pb2_grpc
from treadle.compliance.v1 import (
    compliance_service_pb2_grpc,
    preference_service_pb2_grpc,
    privacy_service_pb2_grpc,
)
from treadle.contact.v1 import contact_service_pb2_grpc
from treadle.credential.v1 import credential_service_pb2_grpc
from treadle.deadletter.v1 import dead_letter_service_pb2_grpc
from treadle.event.v1 import event_service_pb2_grpc
from treadle.execution.v1 import execution_service_pb2_grpc, wait_service_pb2_grpc
from treadle.inbound.v1 import inbound_service_pb2_grpc
from treadle.ledger.v1 import unknown_send_service_pb2_grpc
from treadle.message.v1 import message_service_pb2_grpc
from treadle.operation.v1 import operation_service_pb2_grpc
from treadle.record.v1 import (
    campaign_service_pb2_grpc,
    contact_import_service_pb2_grpc,
    course_service_pb2_grpc,
    crm_service_pb2_grpc,
    directory_service_pb2_grpc,
    media_service_pb2_grpc,
    messenger_service_pb2_grpc,
)
from treadle.scheduler.v1 import scheduler_service_pb2_grpc
from treadle.traffic.v1 import traffic_service_pb2_grpc
from treadle.workflow.v1 import action_service_pb2_grpc, workflow_service_pb2_grpc

ACTION_SERVICE: Final = "action_service"
SCHEDULER_SERVICE: Final = "scheduler_service"
SERVING: Final = "serving"

_HEALTH_TIMEOUT: Final = timedelta(seconds=1)

HealthCheck = aio.UnaryUnaryMultiCallable[
    health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
]

Q = TypeVar("Q")
R = TypeVar("R")


class Caller:
    """Whoever sent the request: their token goes on with each call made for it."""

    def __init__(self, token: str) -> None:
        self._metadata = (bearer(token),)

    async def call(
        self,
        method: aio.UnaryUnaryMultiCallable[Q, R],
        request: Q,
        *,
        fields: BodyFields = NO_BODY,
    ) -> R:
        """Make one call; `fields` says where the request's fields are in the caller's body."""
        try:
            return await method(request, metadata=self._metadata)
        except aio.AioRpcError as error:
            raise RefusedError(from_rpc_error(error), fields) from error

    async def upload(
        self,
        method: aio.StreamUnaryMultiCallable[Q, R],
        requests: AsyncIterable[Q],
        *,
        fields: BodyFields = NO_BODY,
    ) -> R:
        """Make one call with many requests; what stops them stops the call and is raised here."""
        stopped: list[Exception] = []

        async def until_stopped() -> AsyncIterator[Q]:
            try:
                async for request in requests:
                    yield request
            except Exception as error:
                stopped.append(error)
                raise

        try:
            return await method(until_stopped(), metadata=self._metadata)
        except aio.AioRpcError as error:
            raise RefusedError(from_rpc_error(error), fields) from error
        except asyncio.CancelledError:
            if not stopped:
                raise
            raise stopped[0] from None

    def watch(
        self, method: aio.UnaryStreamMultiCallable[Q, R], request: Q
    ) -> aio.UnaryStreamCall[Q, R]:
        """Open a stream that lasts as long as the caller listens."""
        return method(request, metadata=self._metadata)


class Upstream:
    """Typed access to the action service and the scheduler."""

    def __init__(self, api: aio.Channel, scheduler: aio.Channel) -> None:
        self.actions = action_service_pb2_grpc.ActionServiceStub(api)
        self.workflows = workflow_service_pb2_grpc.WorkflowServiceStub(api)
        self.executions = execution_service_pb2_grpc.ExecutionServiceStub(api)
        self.waits = wait_service_pb2_grpc.WaitServiceStub(api)
        self.operations = operation_service_pb2_grpc.OperationServiceStub(api)
        self.messages = message_service_pb2_grpc.MessageServiceStub(api)
        self.account = account_service_pb2_grpc.AccountServiceStub(api)
        self.compliance = compliance_service_pb2_grpc.ComplianceServiceStub(api)
        self.contacts = contact_service_pb2_grpc.ContactServiceStub(api)
        self.preferences = preference_service_pb2_grpc.PreferenceServiceStub(api)
        self.privacy = privacy_service_pb2_grpc.PrivacyServiceStub(api)
        self.directory = directory_service_pb2_grpc.DirectoryServiceStub(api)
        self.crm = crm_service_pb2_grpc.CrmServiceStub(api)
        self.campaigns = campaign_service_pb2_grpc.CampaignServiceStub(api)
        self.imports = contact_import_service_pb2_grpc.ContactImportServiceStub(api)
        self.inbound = inbound_service_pb2_grpc.InboundServiceStub(api)
        self.messenger = messenger_service_pb2_grpc.MessengerServiceStub(api)
        self.courses = course_service_pb2_grpc.CourseServiceStub(api)
        self.media = media_service_pb2_grpc.MediaServiceStub(api)
        self.events = event_service_pb2_grpc.EventServiceStub(api)
        self.credentials = credential_service_pb2_grpc.CredentialServiceStub(api)
        self.traffic = traffic_service_pb2_grpc.TrafficServiceStub(api)
        self.unknown_sends = unknown_send_service_pb2_grpc.UnknownSendServiceStub(api)
        self.dead_letters = dead_letter_service_pb2_grpc.DeadLetterServiceStub(api)
        self.catalog = catalog_service_pb2_grpc.CatalogServiceStub(api)
        self.timers = scheduler_service_pb2_grpc.SchedulerServiceStub(scheduler)
        self._health = {
            ACTION_SERVICE: _health_check(api),
            SCHEDULER_SERVICE: _health_check(scheduler),
        }

    async def health(self) -> dict[str, str]:
        """What each service says of itself: `serving`, `not_serving` or `unreachable`."""
        answers = await asyncio.gather(*(_ask(check) for check in self._health.values()))
        return dict(zip(self._health, answers, strict=True))


def _health_check(channel: aio.Channel) -> HealthCheck:
    return channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )


async def _ask(check: HealthCheck) -> str:
    try:
        answer = await check(
            health_pb2.HealthCheckRequest(), timeout=_HEALTH_TIMEOUT.total_seconds()
        )
    except aio.AioRpcError:
        return "unreachable"
    return SERVING if answer.status == health_pb2.HealthCheckResponse.SERVING else "not_serving"
