"""Workflows, branches and audit entries as JSON."""

from gateway.mapping.triggers import triggers
from gateway.mapping.values import instant, optional_json_object, text
from gateway.models.triggers import RE_ENTRY
from gateway.models.workflows import (
    WORKFLOW_STATUS,
    AuditEntry,
    AuditList,
    Branch,
    BranchList,
    Workflow,
    WorkflowList,
)
from treadle.workflow.v1 import audit_pb2, workflow_pb2, workflow_service_pb2


def workflow(message: workflow_pb2.Workflow) -> Workflow:
    """A workflow as a resource."""
    return Workflow(
        id=message.id,
        name=message.name,
        description=text(message.description),
        status=WORKFLOW_STATUS.shown(message.status),
        version=message.version,
        action_count=message.action_count,
        has_unpublished_changes=message.has_unpublished_changes,
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
        created_by=text(message.created_by),
        etag=message.etag,
        triggers=triggers(message.triggers),
        re_entry=RE_ENTRY.shown(message.re_entry),
    )


def workflow_list(message: workflow_service_pb2.ListWorkflowsResponse) -> WorkflowList:
    """A page of workflows."""
    return WorkflowList(
        workflows=[workflow(w) for w in message.workflows],
        next_page_token=text(message.next_page_token),
    )


def branch(message: workflow_pb2.WorkflowBranch) -> Branch:
    """A branch as a resource."""
    return Branch(
        id=message.id,
        workflow_id=message.workflow_id,
        parent_action_id=text(message.parent_action_id),
        name=message.name,
    )


def branch_list(message: workflow_service_pb2.ListBranchesResponse) -> BranchList:
    """All branches of a workflow."""
    return BranchList(branches=[branch(b) for b in message.branches])


def audit_list(message: workflow_service_pb2.ListAuditEntriesResponse) -> AuditList:
    """A page of audit entries."""
    return AuditList(
        entries=[_audit_entry(e) for e in message.entries],
        next_page_token=text(message.next_page_token),
    )


def _audit_entry(message: audit_pb2.AuditEntry) -> AuditEntry:
    return AuditEntry(
        id=message.id,
        occurred_at=instant(message.occurred_at),
        actor=message.actor,
        operation=message.operation,
        entity_type=message.entity_type,
        entity_id=message.entity_id,
        before=optional_json_object(message, "before"),
        after=optional_json_object(message, "after"),
    )
