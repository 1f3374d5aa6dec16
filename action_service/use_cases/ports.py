"""What use cases need of the store.

A `Reader` and a `Writer` are one transaction each. They are different types, so that a use case
says in its signature whether it changes anything. Every method is bound to the account of the
transaction; a record of another account is not there.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from action_service.domain.claims import Claim, Verdict
from action_service.domain.execution import ActionExecution, Execution, Summary
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.migration import MoveOn, Place, Stay
from action_service.domain.plan import Json, Plan
from action_service.domain.states import ExecutionState
from action_service.domain.triggers import ReEntry, Trigger
from action_service.domain.workflow import Action, AuditEntry, Branch, Workflow
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
from action_service.use_cases.event_ports import EventReads, EventWrites
from action_service.use_cases.imports.ports import ImportReads, ImportWrites
from action_service.use_cases.message_ports import MessageReads
from action_service.use_cases.privacy_ports import PrivacyReads, PrivacyWrites
from action_service.use_cases.records.ports import RecordReads, RecordWrites
from action_service.use_cases.start_executions import StartStore
from action_service.use_cases.traffic_ports import TrafficReads, TrafficWrites
from action_service.use_cases.unknown_send_ports import UnknownSendReads, UnknownSendWrites
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


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen version of a workflow."""

    id: UUID
    plan: Plan


class WorkflowReads(Protocol):
    """Workflows, branches, versions and the audit log."""

    async def get(self, workflow_id: UUID) -> Workflow | None:
        """The workflow; None when the account has no such one."""
        ...

    async def list_page(
        self, *, limit: int, before: UUID | None, status: WorkflowStatus | None
    ) -> Sequence[Workflow]:
        """Newest first, those older than `before`."""
        ...

    async def branches(self, workflow_id: UUID) -> Sequence[Branch]:
        """The workflow's branches, by name."""
        ...

    async def plans(self, version_ids: Collection[UUID]) -> Mapping[UUID, Plan]:
        """The frozen plans, by version id."""
        ...

    async def audit_page(
        self,
        *,
        workflow_id: UUID | None,
        entity_id: UUID | None,
        limit: int,
        before: UUID | None,
    ) -> Sequence[AuditEntry]:
        """Changes of a workflow or of a record, newest first, those older than `before`."""
        ...


class WorkflowWrites(WorkflowReads, Protocol):
    """Changes of workflows and branches."""

    async def lock(self, workflow_id: UUID) -> Workflow | None:
        """The workflow, kept from every other change until the transaction ends."""
        ...

    async def add(self, workflow_id: UUID, name: str, description: str) -> Workflow:
        """Stores a new draft."""
        ...

    async def set_texts(
        self, workflow_id: UUID, *, name: str, description: str, draft_changed: bool
    ) -> Workflow:
        """Sets name and description; counts as a revision."""
        ...

    async def set_status(self, workflow_id: UUID, status: WorkflowStatus) -> Workflow:
        """Sets the status; counts as a revision."""
        ...

    async def set_triggers(
        self, workflow_id: UUID, triggers: Sequence[Trigger], re_entry: ReEntry
    ) -> Workflow:
        """Sets what starts the workflow; counts as a revision."""
        ...

    async def add_version(self, version: Version) -> None:
        """Stores a frozen version and makes it the workflow's newest."""
        ...

    async def newest_version(self, workflow_id: UUID) -> Version:
        """The newest version of a workflow that has been activated before."""
        ...

    async def add_branch(self, branch: Branch) -> None:
        """Stores a branch; raises ALREADY_EXISTS when the workflow has one of that name."""
        ...

    async def delete_branch(self, branch_id: UUID) -> None:
        """Deletes a branch without actions."""
        ...


class ActionReads(Protocol):
    """The actions of a draft."""

    async def get(self, workflow_id: UUID, action_id: UUID) -> Action | None:
        """The action; None when the workflow has no such one."""
        ...

    async def of(self, workflow_id: UUID) -> Sequence[Action]:
        """All of a workflow: the main path by position, then each branch by position."""
        ...


class ActionWrites(ActionReads, Protocol):
    """Changes of actions; the caller holds the workflow's lock."""

    async def insert(self, action: Action, path: Sequence[UUID]) -> Action:
        """Stores `action`, and the order of its path, which holds it already."""
        ...

    async def update(self, action: Action) -> Action:
        """Stores what can be set on an action; counts as a revision."""
        ...

    async def delete(self, workflow_id: UUID, action_id: UUID, path: Sequence[UUID]) -> None:
        """Marks the action deleted, and stores the order of its path without it."""
        ...

    async def arrange(self, workflow_id: UUID, path: Sequence[UUID]) -> None:
        """Stores the order of a path: positions and links."""
        ...


class ReferenceReads(Protocol):
    """Records of any kind, as others point to them."""

    async def known(
        self, wanted: Mapping[str, Collection[UUID]]
    ) -> Mapping[tuple[str, UUID], UUID | None]:
        """Those of the ids, by kind, that are records; with the id of what each is part of."""
        ...


class ExecutionReads(Protocol):
    """Executions and their logs."""

    async def get(self, execution_id: UUID) -> Execution | None:
        """The execution; None when the account has no such one."""
        ...

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        workflow_id: UUID | None,
        contact_id: UUID | None,
        state: ExecutionState | None,
    ) -> Sequence[Execution]:
        """Newest first, those older than `before`."""
        ...

    async def log_page(
        self, execution_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
    ) -> Sequence[ActionExecution]:
        """Action executions in the order in which they came to be, those after `after`."""
        ...

    async def fingerprint(self, execution_id: UUID) -> str | None:
        """A text that changes with every change of the execution or its log; None without one."""
        ...

    async def sent_by(self, action_execution_id: UUID) -> Mapping[str, Json] | None:
        """The ids of the message that a step has sent, as events name them; None without a step."""
        ...

    async def summary(self, workflow_id: UUID) -> Summary:
        """How the executions of a workflow stand."""
        ...


class ExecutionWrites(ExecutionReads, Protocol):
    """Changes of executions from outside the engine."""

    async def lock(self, execution_id: UUID) -> Execution | None:
        """The execution, kept from the engine until the transaction ends."""
        ...

    async def cancel(self, execution_id: UUID, reason: str) -> None:
        """Ends the execution and its open action executions; their results come to nothing."""
        ...

    async def places(self, workflow_id: UUID, *, other_than: UUID) -> Sequence[Place]:
        """Where open executions of other versions than this one stand, kept from the engine."""
        ...

    async def migrate(
        self, workflow_id: UUID, version_id: UUID, fates: Sequence[tuple[Place, Stay | MoveOn]]
    ) -> None:
        """Moves the executions at these places, which `places` has locked, to a version."""
        ...


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
