"""What use cases need of the store.

A `Reader` and a `Writer` are one transaction each. They are different types, so that a use case
says in its signature whether it changes anything. Every method is bound to the account of the
transaction; a record of another account is not there.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID

from action_service.domain.claims import Claim, Verdict
from action_service.domain.plan import Json
from action_service.engine.steering import Steering
from action_service.use_cases.compliance_ports import (
    AccountReads,
    AccountWrites,
    ComplianceReads,
    ComplianceWrites,
)
from action_service.use_cases.contact_ports import (
    ContactReads,
    ContactWrites,
    TemplateReads,
    TemplateWrites,
)
from action_service.use_cases.credential_ports import CredentialReads, CredentialWrites
from action_service.use_cases.dead_letter_ports import DeadLetterReads, DeadLetterWrites
from action_service.use_cases.event_ports import EventReads, EventWrites
from action_service.use_cases.execution_ports import ExecutionReads, ExecutionWrites
from action_service.use_cases.imports.ports import ImportReads, ImportWrites
from action_service.use_cases.message_ports import MessageReads
from action_service.use_cases.operations.ports import OperationReads, OperationWrites
from action_service.use_cases.privacy_ports import PrivacyReads, PrivacyWrites
from action_service.use_cases.records.ports import RecordReads, RecordWrites
from action_service.use_cases.start_executions import StartStore
from action_service.use_cases.traffic_ports import TrafficReads, TrafficWrites
from action_service.use_cases.unknown_send_ports import UnknownSendReads, UnknownSendWrites
from action_service.use_cases.wait_ports import WaitReads
from action_service.use_cases.workflow_ports import (
    ActionReads,
    ActionWrites,
    ReferenceReads,
    WorkflowReads,
    WorkflowWrites,
)
from common.auth import Principal


@dataclass(frozen=True, slots=True)
class Change:
    """One entry for the audit log; values are as people may see them, without secrets."""

    operation: str
    entity_type: str
    entity_id: UUID
    workflow_id: UUID | None = None
    before: Mapping[str, Json] | None = None
    after: Mapping[str, Json] | None = None


class Reader(Protocol):
    """A read-only transaction of one account."""

    @property
    def account_id(self) -> UUID:
        """The account that is all this transaction sees."""
        ...

    @property
    def workflows(self) -> WorkflowReads:
        """Workflows, branches, versions, audit."""
        ...

    @property
    def actions(self) -> ActionReads:
        """Actions of drafts."""
        ...

    @property
    def contacts(self) -> ContactReads:
        """Contacts."""
        ...

    @property
    def templates(self) -> TemplateReads:
        """Email templates."""
        ...

    @property
    def references(self) -> ReferenceReads:
        """Records that others point to."""
        ...

    @property
    def records(self) -> RecordReads:
        """Records of every other kind."""
        ...

    @property
    def imports(self) -> ImportReads:
        """Imports of contacts."""
        ...

    @property
    def operations(self) -> OperationReads:
        """Operations on many executions at once."""
        ...

    @property
    def events(self) -> EventReads:
        """Types of events."""
        ...

    @property
    def credentials(self) -> CredentialReads:
        """Secrets for providers, sealed."""
        ...

    @property
    def compliance(self) -> ComplianceReads:
        """Consents and suppressions."""
        ...

    @property
    def accounts(self) -> AccountReads:
        """The account's settings."""
        ...

    @property
    def privacy(self) -> PrivacyReads:
        """What is held of contacts, and what was erased."""
        ...

    @property
    def traffic(self) -> TrafficReads:
        """Limits and circuits of calls to providers."""
        ...

    @property
    def executions(self) -> ExecutionReads:
        """Executions."""
        ...

    @property
    def messages(self) -> MessageReads:
        """What was sent."""
        ...

    @property
    def unknown_sends(self) -> UnknownSendReads:
        """Sends whose outcome is, or was, unknown."""
        ...

    @property
    def waits(self) -> WaitReads:
        """Steps that wait."""
        ...

    @property
    def dead_letters(self) -> DeadLetterReads:
        """Messages that were given up."""
        ...


class Writer(Protocol):
    """A transaction of one account; commits when its block ends well, else changes nothing."""

    @property
    def account_id(self) -> UUID:
        """The account that is all this transaction sees."""
        ...

    @property
    def user_id(self) -> UUID | None:
        """The user who makes the change; None when a service does."""
        ...

    @property
    def actor(self) -> str:
        """Who makes the change: `user:<id>` or `service:<name>`."""
        ...

    @property
    def workflows(self) -> WorkflowWrites:
        """Workflows, branches, versions, audit."""
        ...

    @property
    def actions(self) -> ActionWrites:
        """Actions of drafts."""
        ...

    @property
    def contacts(self) -> ContactWrites:
        """Contacts."""
        ...

    @property
    def templates(self) -> TemplateWrites:
        """Email templates."""
        ...

    @property
    def references(self) -> ReferenceReads:
        """Records that others point to."""
        ...

    @property
    def records(self) -> RecordWrites:
        """Records of every other kind."""
        ...

    @property
    def imports(self) -> ImportWrites:
        """Imports of contacts."""
        ...

    @property
    def operations(self) -> OperationWrites:
        """Operations on many executions at once."""
        ...

    @property
    def events(self) -> EventWrites:
        """Events of other systems, and their types."""
        ...

    @property
    def credentials(self) -> CredentialWrites:
        """Secrets for providers, sealed."""
        ...

    @property
    def compliance(self) -> ComplianceWrites:
        """Consents and suppressions."""
        ...

    @property
    def accounts(self) -> AccountWrites:
        """The account's settings."""
        ...

    @property
    def messages(self) -> MessageReads:
        """What was sent."""
        ...

    @property
    def privacy(self) -> PrivacyWrites:
        """Erasures of contacts."""
        ...

    @property
    def traffic(self) -> TrafficWrites:
        """Limits and circuits of calls to providers."""
        ...

    @property
    def executions(self) -> ExecutionWrites:
        """Executions."""
        ...

    @property
    def unknown_sends(self) -> UnknownSendWrites:
        """Sends whose outcome is, or was, unknown."""
        ...

    @property
    def waits(self) -> WaitReads:
        """Steps that wait."""
        ...

    @property
    def steering(self) -> Steering:
        """The engine's way of moving executions, for operators."""
        ...

    @property
    def dead_letters(self) -> DeadLetterWrites:
        """Messages that were given up."""
        ...

    @property
    def starts(self) -> StartStore:
        """New executions."""
        ...

    def record(self, change: Change) -> None:
        """Adds to the audit log when the transaction commits."""
        ...

    def emit(self, event_type: str, contact_id: UUID, data: Mapping[str, Json]) -> None:
        """Tells workflows of something that has happened to a contact, once it is committed."""
        ...

    def revise(self, workflow_id: UUID) -> None:
        """Counts a revision of the workflow, whose draft has changed, at the commit."""
        ...

    async def earlier_answer(self, method: str, request_id: UUID, digest: bytes) -> bytes | None:
        """The answer given to the same request before; None when this is the first.

        Waits for a duplicate that is being served. Raises REQUEST_ID_REUSED when the request was
        another one.
        """
        ...

    def answer(self, body: bytes) -> None:
        """Keeps the answer for the request that `earlier_answer` was asked about."""
        ...


# Either kind of transaction, for what only reads.
Transaction: TypeAlias = Reader | Writer


class DraftReads(Protocol):
    """What checking a draft reads beside the draft itself; every transaction offers it."""

    @property
    def references(self) -> ReferenceReads:
        """Records that others point to."""
        ...

    @property
    def events(self) -> EventReads:
        """Types of events."""
        ...

    @property
    def accounts(self) -> AccountReads:
        """The account's settings."""
        ...


class ClaimLedger(Protocol):
    """The record of sends that a provider cannot de-duplicate."""

    async def claim(self, claims: Sequence[Claim]) -> Sequence[Verdict]:
        """Decides about each claim, in their order, in one transaction."""
        ...


class Database(Protocol):
    """Where transactions come from."""

    def reading(self, account_id: UUID) -> AbstractAsyncContextManager[Reader]:
        """A read-only transaction of the account."""
        ...

    def writing(self, principal: Principal) -> AbstractAsyncContextManager[Writer]:
        """A transaction of the caller's account; rolled back when its block raises."""
        ...
