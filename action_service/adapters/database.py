"""Transactions on Postgres: one per RPC, bound to one account.

Each runs as the role `treadle_tenant` with `treadle.account_id` set, so that row-level security
shows that account's rows only, whatever a statement says. What every change has to leave behind
(audit entries, the workflow's revision, the answer kept for a repeated request) is collected and
written in one statement right before the commit, as are the events that workflows wait for; these
are handed to their stream once it is committed.
"""

import hmac
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import cast
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from action_service.adapters.accounts import AccountReader, AccountWriter
from action_service.adapters.actions import ActionReader, ActionWriter
from action_service.adapters.compliance import ComplianceReader, ComplianceWriter
from action_service.adapters.contacts import ContactReader, ContactWriter
from action_service.adapters.credentials import CredentialReader, CredentialWriter
from action_service.adapters.dead_letter_repository import DeadLetterReader, DeadLetterWriter
from action_service.adapters.driver import driver_of
from action_service.adapters.event_outbox import outbox_rows, store_outbox
from action_service.adapters.events import EventReader, EventWriter
from action_service.adapters.executions import ExecutionReader
from action_service.adapters.executions_control import ExecutionWriter
from action_service.adapters.imports import ImportReader, ImportWriter
from action_service.adapters.message_reader import MessageReader
from action_service.adapters.operations import OperationReader, OperationWriter
from action_service.adapters.plan_cache import PlanCache
from action_service.adapters.privacy.erasures import PrivacyReader, PrivacyWriter
from action_service.adapters.records import RecordReader, RecordWriter
from action_service.adapters.references import ReferenceReader
from action_service.adapters.sql import to_json
from action_service.adapters.start_store import PostgresStartStore
from action_service.adapters.steering import PostgresSteering
from action_service.adapters.templates import TemplateReader, TemplateWriter
from action_service.adapters.traffic import TrafficReader, TrafficWriter
from action_service.adapters.unknown_send_repository import UnknownSendReader, UnknownSendWriter
from action_service.adapters.waits import WaitReader
from action_service.adapters.workflows import WorkflowReader, WorkflowWriter
from action_service.domain.plan import Json
from action_service.engine.effects import ContactEvent
from action_service.engine.ports import EventPublisher, OutboxRow
from action_service.use_cases.ports import Change
from common.auth import Principal
from common.contact_links import LinkKeys
from common.errors import request_id_reused
from common.ids import new_id

_KNOWN_CALLERS = 10_000

_BEGIN_READING = text(
    "SELECT set_config('role', 'treadle_tenant', true),"
    " set_config('treadle.account_id', :account, true),"
    " set_config('transaction_read_only', 'on', true)"
)
BEGIN_WRITING = text(
    "SELECT set_config('role', 'treadle_tenant', true),"
    " set_config('treadle.account_id', :account, true)"
)
_ADD_ACCOUNT = text("INSERT INTO accounts (id) VALUES (:account) ON CONFLICT DO NOTHING")
_ADD_USER = text(
    "INSERT INTO users (id, account_id) VALUES (:user, :account) ON CONFLICT DO NOTHING"
)
_FIND_USER = text("SELECT id FROM users WHERE account_id = :account AND id = :user")
_ADD_REQUEST = text(
    "INSERT INTO request_log (account_id, method, request_id, actor, request_hash, response)"
    " VALUES (:account, :method, :request_id, :actor, :digest, '')"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_FIND_REQUEST = text(
    "SELECT actor, request_hash, response FROM request_log"
    " WHERE account_id = :account AND method = :method AND request_id = :request_id"
)
_FINISH = text(
    """
    WITH revised AS (
        UPDATE workflows SET revision = revision + 1, draft_changed = true, updated_at = now()
        WHERE account_id = :account AND id = ANY(CAST(:revised AS uuid[]))
    ), answered AS (
        UPDATE request_log SET response = CAST(:response AS bytea)
        WHERE account_id = :account AND method = CAST(:method AS text)
          AND request_id = CAST(:request_id AS uuid)
    )
    INSERT INTO audit_log
        (id, account_id, actor, operation, entity_type, entity_id, workflow_id, before, after)
    SELECT c.id, :account, :actor, c.operation, c.entity_type, c.entity_id, c.workflow_id,
           CAST(c.before AS jsonb), CAST(c.after AS jsonb)
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:operations AS text[]), CAST(:entity_types AS text[]),
        CAST(:entity_ids AS uuid[]), CAST(:workflow_ids AS uuid[]),
        CAST(:befores AS text[]), CAST(:afters AS text[])
    ) AS c(id, operation, entity_type, entity_id, workflow_id, before, after)
    """
)


class PostgresReader:
    """A read-only transaction of one account."""

    def __init__(
        self, connection: AsyncConnection, account_id: UUID, keys: LinkKeys | None = None
    ) -> None:
        self.connection = connection
        self.account_id = account_id
        self.workflows = WorkflowReader(connection, account_id)
        self.actions = ActionReader(connection, account_id)
        self.contacts = ContactReader(connection, account_id)
        self.templates = TemplateReader(connection, account_id)
        self.references = ReferenceReader(connection, account_id)
        self.references = ReferenceReader(connection, account_id)
        self.records = RecordReader(connection, account_id)
        self.imports = ImportReader(connection, account_id)
        self.operations = OperationReader(connection, account_id)
        self.credentials = CredentialReader(connection, account_id)
        self.compliance = ComplianceReader(connection, account_id, keys)
        self.accounts = AccountReader(connection, account_id)
        self.privacy = PrivacyReader(connection, account_id)
        self.traffic = TrafficReader(connection, account_id)
        self.events = EventReader(connection, account_id)
        self.executions = ExecutionReader(connection, account_id)
        self.messages = MessageReader(connection, account_id)
        self.unknown_sends = UnknownSendReader(connection, account_id)
        self.waits = WaitReader(connection, account_id)
        self.dead_letters = DeadLetterReader(connection, account_id)


class PostgresWriter:
    """A transaction of one account that may change its records."""

    def __init__(
        self,
        connection: AsyncConnection,
        plans: PlanCache,
        account_id: UUID,
        actor: str,
        user_id: UUID | None,
        keys: LinkKeys | None = None,
    ) -> None:
        self.connection = connection
        self.account_id = account_id
        self.actor = actor
        self.user_id = user_id
        self.workflows = WorkflowWriter(connection, account_id, user_id)
        self.actions = ActionWriter(connection, account_id)
        self.contacts = ContactWriter(connection, account_id)
        self.templates = TemplateWriter(connection, account_id)
        self.references = ReferenceReader(connection, account_id)
        self.references = ReferenceReader(connection, account_id)
        self.records = RecordWriter(connection, account_id)
        self.imports = ImportWriter(connection, account_id)
        self.operations = OperationWriter(connection, account_id)
        self.credentials = CredentialWriter(connection, account_id)
        self.compliance = ComplianceWriter(connection, account_id, keys)
        self.accounts = AccountWriter(connection, account_id)
        self.privacy = PrivacyWriter(connection, account_id, actor)
        self.traffic = TrafficWriter(connection, account_id)
        self.events = EventWriter(connection, account_id)
        self.executions = ExecutionWriter(connection, account_id)
        self.messages = MessageReader(connection, account_id)
        self.unknown_sends = UnknownSendWriter(connection, account_id)
        self.waits = WaitReader(connection, account_id)
        self.steering = PostgresSteering(connection, plans)
        self.dead_letters = DeadLetterWriter(connection, account_id)
        self.starts = PostgresStartStore(connection, plans)
        self._changes: list[Change] = []
        self._events: list[tuple[str, UUID, Mapping[str, Json]]] = []
        self._revised: set[UUID] = set()
        self._request: tuple[str, UUID] | None = None
        self._response: bytes | None = None

    def record(self, change: Change) -> None:
        """Adds to the audit log when the transaction commits."""
        self._changes.append(change)

    def emit(self, event_type: str, contact_id: UUID, data: Mapping[str, Json]) -> None:
        """Tells workflows of something that has happened to a contact, once it is committed."""
        self._events.append((event_type, contact_id, data))

    def revise(self, workflow_id: UUID) -> None:
        """Counts a revision of the workflow, whose draft has changed, at the commit."""
        self._revised.add(workflow_id)

    async def earlier_answer(self, method: str, request_id: UUID, digest: bytes) -> bytes | None:
        """The answer given to the same request before; None when this is the first."""
        key: dict[str, object] = {
            "account": self.account_id,
            "method": method,
            "request_id": request_id,
        }
        # A duplicate that is being served holds the key: the insert waits for its end.
        added = await self.connection.execute(
            _ADD_REQUEST, {**key, "actor": self.actor, "digest": digest}
        )
        if added.first() is not None:
            self._request = (method, request_id)
            return None
        stored = (await self.connection.execute(_FIND_REQUEST, key)).one()
        is_same = hmac.compare_digest(cast("bytes", stored.request_hash), digest)
        # The answer may hold what somebody else of the account may not read.
        if not is_same or stored.actor != self.actor:
            raise request_id_reused(str(request_id))
        return cast("bytes", stored.response)

    def answer(self, body: bytes) -> None:
        """Keeps the answer for the request that `earlier_answer` was asked about."""
        self._response = body

    async def finish(self) -> Sequence[OutboxRow]:
        """Writes what has been collected, right before the commit.

        Returns the events, which may be published after it.
        """
        await self._write_changes()
        if not self._events:
            return ()
        driver = await driver_of(self.connection)
        now = await driver.fetchval("SELECT now()")
        account = str(self.account_id)
        rows = outbox_rows(
            [
                ContactEvent(account, event_type, str(contact_id), now, data)
                for event_type, contact_id, data in self._events
            ]
        )
        await store_outbox(driver, rows)
        return rows

    async def _write_changes(self) -> None:
        if not (self._changes or self._revised or self._request):
            return
        method, request_id = self._request or (None, None)
        changes = self._changes
        values: Mapping[str, object] = {
            "account": self.account_id,
            "actor": self.actor,
            "revised": list(self._revised),
            "response": self._response,
            "method": method,
            "request_id": request_id,
            "ids": [new_id() for _ in changes],
            "operations": [c.operation for c in changes],
            "entity_types": [c.entity_type for c in changes],
            "entity_ids": [c.entity_id for c in changes],
            "workflow_ids": [c.workflow_id for c in changes],
            "befores": [to_json(c.before) for c in changes],
            "afters": [to_json(c.after) for c in changes],
        }
        await self.connection.execute(_FINISH, values)


class PostgresDatabase:
    """Opens transactions of accounts; frozen plans are remembered by `plans`.

    Without a publisher events wait for the engine's sweep. `keys` find addresses that were erased.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        plans: PlanCache,
        publisher: EventPublisher | None = None,
        keys: LinkKeys | None = None,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._plans = plans
        self._publisher = publisher
        # The user to name as author, by caller whose account and user rows exist.
        self._callers: OrderedDict[tuple[UUID, str], UUID | None] = OrderedDict()

    @asynccontextmanager
    async def reading(self, account_id: UUID) -> AsyncGenerator[PostgresReader]:
        """A read-only transaction of the account."""
        async with self._transaction(account_id, read_only=True) as connection:
            yield PostgresReader(connection, account_id, self._keys)

    @asynccontextmanager
    async def writing(self, principal: Principal) -> AsyncGenerator[PostgresWriter]:
        """A transaction of the caller's account; rolled back when its block raises."""
        account_id = principal.require_account()
        caller = (account_id, principal.subject)
        async with self._transaction(account_id, read_only=False) as connection:
            if caller in self._callers:
                user_id = self._callers[caller]
            else:
                user_id = await _introduce(connection, account_id, principal.user_id)
            writer = PostgresWriter(
                connection, self._plans, account_id, principal.actor, user_id, self._keys
            )
            yield writer
            events = await writer.finish()
        self._remember(caller, user_id)
        if events and self._publisher is not None:
            self._publisher.offer(events)

    @asynccontextmanager
    async def _transaction(
        self, account_id: UUID, *, read_only: bool
    ) -> AsyncGenerator[AsyncConnection]:
        begin = _BEGIN_READING if read_only else BEGIN_WRITING
        async with AsyncExitStack() as stack:
            connection = await self._begun(stack, begin, account_id)
            yield connection
            await connection.commit()

    async def _begun(
        self, stack: AsyncExitStack, begin: TextClause, account_id: UUID
    ) -> AsyncConnection:
        """A connection in a transaction of the account.

        A pooled connection may have died since its last use. Nothing has been done yet, so the
        first statement is simply made again on a new one.
        """
        for is_last in (False, True):
            connection = await stack.enter_async_context(self._engine.connect())
            try:
                await connection.execute(begin, {"account": str(account_id)})
            except DBAPIError as error:
                if is_last or not error.connection_invalidated:
                    raise
                await connection.close()
            else:
                return connection
        raise AssertionError("unreachable")

    def _remember(self, caller: tuple[UUID, str], user_id: UUID | None) -> None:
        self._callers[caller] = user_id
        self._callers.move_to_end(caller)
        if len(self._callers) > _KNOWN_CALLERS:
            self._callers.popitem(last=False)


async def _introduce(
    connection: AsyncConnection, account_id: UUID, user_id: UUID | None
) -> UUID | None:
    """Stores the account and the user that a token names; returns the user to name as author.

    A user belongs to one account. One who acts in another is no author there that a record could
    refer to; the audit log names them all the same.
    """
    await connection.execute(_ADD_ACCOUNT, {"account": account_id})
    if user_id is None:
        return None
    key = {"account": account_id, "user": user_id}
    await connection.execute(_ADD_USER, key)
    return cast("UUID | None", (await connection.execute(_FIND_USER, key)).scalar())
