"""The api role on a real Postgres, called over real gRPC on loopback."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from grpc import aio
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from action_service.adapters.database_errors import translate
from action_service.adapters.vault import Vault
from action_service.bootstrap import add_api
from action_service.domain.dead_letters import DeadLetter
from action_service.engine.model import Task
from action_service.engine.ports import EventPublisher, Ringer
from action_service.use_cases.traffic import Policy
from common.auth import TokenVerifier, issue_token
from common.contact_links import LinkKeys
from common.db import create_engine
from common.errors import ErrorReason, TreadleError
from common.grpc.client import connect
from common.grpc.server import GrpcServer
from common.grpc.status import from_rpc_error
from treadle.account.v1.account_service_pb2_grpc import AccountServiceStub
from treadle.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub
from treadle.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceStub
from treadle.compliance.v1.preference_service_pb2_grpc import PreferenceServiceStub
from treadle.compliance.v1.privacy_service_pb2_grpc import PrivacyServiceStub
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.contact.v1.contact_service_pb2_grpc import ContactServiceStub
from treadle.credential.v1.credential_service_pb2_grpc import CredentialServiceStub
from treadle.deadletter.v1.dead_letter_service_pb2_grpc import DeadLetterServiceStub
from treadle.execution.v1.execution_service_pb2_grpc import (
    ExecutionServiceStub,
)
from treadle.execution.v1.wait_service_pb2_grpc import WaitServiceStub
from treadle.ledger.v1.ledger_service_pb2_grpc import LedgerServiceStub
from treadle.ledger.v1.unknown_send_service_pb2_grpc import UnknownSendServiceStub
from treadle.operation.v1.operation_service_pb2_grpc import OperationServiceStub
from treadle.record.v1.campaign_service_pb2_grpc import CampaignServiceStub
from treadle.record.v1.contact_import_service_pb2_grpc import ContactImportServiceStub
from treadle.record.v1.course_service_pb2_grpc import CourseServiceStub
from treadle.record.v1.crm_service_pb2_grpc import CrmServiceStub
from treadle.record.v1.directory_service_pb2_grpc import DirectoryServiceStub
from treadle.record.v1.media_service_pb2_grpc import MediaServiceStub
from treadle.record.v1.messenger_service_pb2_grpc import MessengerServiceStub
from treadle.traffic.v1.traffic_service_pb2_grpc import TrafficServiceStub
from treadle.workflow.v1 import (
    action_pb2,
    action_service_pb2,
    workflow_pb2,
    workflow_service_pb2,
)
from treadle.workflow.v1.action_service_pb2_grpc import ActionServiceStub
from treadle.workflow.v1.workflow_service_pb2_grpc import (
    WorkflowServiceStub,
)

SECRET = SecretStr("a" * 40)
MASTER_KEY = bytes(range(32))
LINKS = LinkKeys([bytes(range(32, 64))])


@dataclass
class Bell:
    """A `Ringer` that keeps what it was asked to ring for."""

    tasks: list[Task] = field(default_factory=list[Task])

    async def ring(self, tasks: Sequence[Task]) -> None:
        """Keeps the tasks."""
        self.tasks.extend(tasks)

    async def hand_over(self, task: Task) -> None:
        """Keeps the task."""
        self.tasks.append(task)


@dataclass
class Post:
    """A `Relay` that keeps what it was asked to send."""

    letters: list[DeadLetter] = field(default_factory=list[DeadLetter])

    async def send(self, letter: DeadLetter) -> None:
        """Keeps the letter."""
        self.letters.append(letter)


class Client:
    """Stubs that call as one user of one account, and the calls that tests make all the time."""

    def __init__(self, channel: aio.Channel, account_id: UUID, subject: str) -> None:
        self.account_id = account_id
        self.subject = subject
        self.channel = channel
        self.workflows = WorkflowServiceStub(channel)
        self.actions = ActionServiceStub(channel)
        self.contacts = ContactServiceStub(channel)
        self.executions = ExecutionServiceStub(channel)
        self.waits = WaitServiceStub(channel)
        self.operations = OperationServiceStub(channel)
        self.ledger = LedgerServiceStub(channel)
        self.unknown_sends = UnknownSendServiceStub(channel)
        self.dead_letters = DeadLetterServiceStub(channel)
        self.credentials = CredentialServiceStub(channel)
        self.compliance = ComplianceServiceStub(channel)
        self.account = AccountServiceStub(channel)
        self.traffic = TrafficServiceStub(channel)
        self.catalog = CatalogServiceStub(channel)
        self.imports = ContactImportServiceStub(channel)
        self.preferences = PreferenceServiceStub(channel)
        self.privacy = PrivacyServiceStub(channel)
        self.directory = DirectoryServiceStub(channel)
        self.crm = CrmServiceStub(channel)
        self.campaigns = CampaignServiceStub(channel)
        self.courses = CourseServiceStub(channel)
        self.messenger = MessengerServiceStub(channel)
        self.media = MediaServiceStub(channel)

    async def workflow(self, name: str = "Onboarding") -> workflow_pb2.Workflow:
        """A new draft."""
        request = workflow_service_pb2.CreateWorkflowRequest(name=name)
        return (await self.workflows.CreateWorkflow(request)).workflow

    async def get(self, workflow_id: str) -> workflow_pb2.Workflow:
        """The workflow as it stands."""
        request = workflow_service_pb2.GetWorkflowRequest(workflow_id=workflow_id)
        return (await self.workflows.GetWorkflow(request)).workflow

    async def add(
        self, workflow_id: str, config: dict[str, Any] | None = None, **fields: Any
    ) -> action_pb2.Action:
        """A new action; `config` is as `{"add_tag": {"tag_name": "a"}}`, a tag when left out."""
        request = action_service_pb2.AddActionRequest(
            workflow_id=workflow_id,
            config=action_pb2.ActionConfig(**(config or tag("customer"))),
            **fields,
        )
        return (await self.actions.AddAction(request)).action

    async def list(self, workflow_id: str, branch_id: str = "") -> list[action_pb2.Action]:
        """All actions of a workflow or branch."""
        request = action_service_pb2.ListActionsRequest(
            workflow_id=workflow_id, branch_id=branch_id
        )
        return list((await self.actions.ListActions(request)).actions)

    async def activate(self, workflow_id: str) -> workflow_pb2.Workflow:
        """The workflow, now active."""
        request = workflow_service_pb2.ActivateWorkflowRequest(workflow_id=workflow_id)
        return (await self.workflows.ActivateWorkflow(request)).workflow

    async def pause(self, workflow_id: str) -> workflow_pb2.Workflow:
        """The workflow, now paused."""
        request = workflow_service_pb2.PauseWorkflowRequest(workflow_id=workflow_id)
        return (await self.workflows.PauseWorkflow(request)).workflow

    async def contact(self, **fields: Any) -> contact_pb2.Contact:
        """A new contact."""
        request = contact_service_pb2.CreateContactRequest(contact=contact_pb2.Contact(**fields))
        return (await self.contacts.CreateContact(request)).contact


@dataclass
class Api:
    """The running server and its database."""

    address: str
    db: AsyncEngine
    bell: Bell
    post: Post
    resources: AsyncExitStack

    async def client(
        self, *roles: str, account_id: UUID | None = None, subject: str | None = None
    ) -> Client:
        """A caller with these roles (admin when none is given), of a new account unless given."""
        account_id = account_id or uuid4()
        subject = subject or str(uuid4())
        token = issue_token(
            SECRET,
            subject=subject,
            account_id=account_id,
            roles=roles or ("admin",),
            ttl=timedelta(minutes=30),
        )
        channel = connect(self.address, token=lambda: token, timeout=timedelta(seconds=60))
        await self.resources.enter_async_context(channel)
        return Client(channel, account_id, subject)

    async def rows(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        """What a query by the owner of the database finds."""
        async with self.db.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql), values)]

    async def lock_waiters(self, number: int) -> None:
        """Returns when as many sessions wait for locks."""
        waiting = -1
        while waiting != number:
            await asyncio.sleep(0.01)
            ((waiting,),) = await self.rows(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )

    async def execute(self, sql: str, **values: object) -> None:
        """Changes the database behind the API's back."""
        async with self.db.begin() as connection:
            await connection.execute(text(sql), values)


@asynccontextmanager
async def running_api(
    database_url: str,
    publisher: EventPublisher | None = None,
    *,
    postal_address: str = "1 Main Street, Springfield",
    policy: Policy = Policy(),  # noqa: B008 - a frozen value
    ringer: Ringer | None = None,
) -> AsyncGenerator[Api]:
    """Serve during the block; without a publisher events stay in their table.

    What is rung for is kept, or rung for by `ringer`.
    """
    async with AsyncExitStack() as resources:
        db = create_engine(database_url, search_path="treadle", pool_size=10)
        resources.push_async_callback(db.dispose)
        bell, relay = Bell(), Post()
        server = GrpcServer(TokenVerifier(SECRET), translate=translate)
        add_api(
            server,
            db,
            ringer or bell,
            Vault([MASTER_KEY]),
            LINKS,
            publisher,
            relay=relay,
            postal_address=postal_address,
            policy=policy,
        )
        address = await resources.enter_async_context(
            server.running("127.0.0.1:0", grace=timedelta(seconds=1))
        )
        yield Api(address, db, bell, relay, resources)


def tag(name: str) -> dict[str, Any]:
    """A configuration of add_tag."""
    return {"add_tag": {"tag_name": name}}


async def refusal(call: Awaitable[object]) -> TreadleError:
    """What the call is refused with."""
    try:
        await call
    except aio.AioRpcError as error:
        return from_rpc_error(error)
    raise AssertionError("the call was not refused")


async def refused(call: Awaitable[object], reason: ErrorReason) -> TreadleError:
    """What the call is refused with, which must be `reason`."""
    error = await refusal(call)
    assert error.reason is reason, f"{error!r} {error.violations}"
    return error


def fields(error: TreadleError) -> list[str]:
    """The fields at fault."""
    return [violation.field for violation in error.violations]
