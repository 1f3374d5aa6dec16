"""Workflows and actions as messages."""

from collections.abc import Mapping

from google.protobuf.struct_pb2 import Struct

from action_service.domain.plan import Json
from action_service.domain.workflow import AuditEntry, Branch, Workflow, etag
from action_service.servicers.trigger_messages import trigger_message
from action_service.use_cases.action_configs import ActionView
from common.catalogue import catalogue
from common.catalogue.convert import set_struct
from treadle.workflow.v1 import action_pb2, audit_pb2, workflow_pb2


def workflow_message(workflow: Workflow) -> workflow_pb2.Workflow:
    """The workflow on the wire."""
    return workflow_pb2.Workflow(
        id=str(workflow.id),
        name=workflow.name,
        description=workflow.description,
        status=f"WORKFLOW_STATUS_{workflow.status.value.upper()}",
        version=workflow.version,
        action_count=workflow.action_count,
        has_unpublished_changes=workflow.draft_changed,
        created_at=workflow.created_at,
        updated_at=workflow.updated_at,
        created_by=_text(workflow.created_by),
        etag=etag(workflow.revision),
        triggers=[trigger_message(trigger) for trigger in workflow.triggers],
        re_entry=f"RE_ENTRY_{workflow.re_entry.value.upper()}",
    )


def branch_message(branch: Branch) -> workflow_pb2.WorkflowBranch:
    """The branch on the wire."""
    return workflow_pb2.WorkflowBranch(
        id=str(branch.id),
        workflow_id=str(branch.workflow_id),
        parent_action_id=_text(branch.parent_action_id),
        name=branch.name,
    )


def action_message(view: ActionView) -> action_pb2.Action:
    """The action on the wire."""
    action = view.action
    config = None
    if view.config is not None:
        config = catalogue().get(action.action_type).to_message(view.config)
    return action_pb2.Action(
        id=str(action.id),
        workflow_id=str(action.workflow_id),
        name=action.name,
        action_type=action.action_type,
        config=config,
        position=action.position,
        previous_action_id=_text(action.previous_action_id),
        next_action_id=_text(action.next_action_id),
        branch_id=_text(action.branch_id),
        is_enabled=action.is_enabled,
        on_error=f"ON_ERROR_{action.on_error.value.upper()}",
        fallback_action_id=_text(action.fallback_action_id),
        config_status=f"CONFIG_STATUS_{view.status.value.upper()}",
        config_violations=[
            action_pb2.ConfigViolation(field=v.field, description=v.description)
            for v in view.violations
        ],
        created_at=action.created_at,
        updated_at=action.updated_at,
        created_by=_text(action.created_by),
        etag=etag(action.revision),
    )


def audit_message(entry: AuditEntry) -> audit_pb2.AuditEntry:
    """The audit entry on the wire."""
    return audit_pb2.AuditEntry(
        id=str(entry.id),
        occurred_at=entry.occurred_at,
        actor=entry.actor,
        operation=entry.operation,
        entity_type=entry.entity_type,
        entity_id=str(entry.entity_id),
        before=struct_message(entry.before),
        after=struct_message(entry.after),
    )


def struct_message(value: Mapping[str, Json] | None) -> Struct | None:
    """A JSON object on the wire."""
    if value is None:
        return None
    struct = Struct()
    set_struct(struct, value)
    return struct


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
