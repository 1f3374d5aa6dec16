"""WorkflowService: workflows and their life, branches, audit."""

from uuid import UUID

from action_service.domain.lifecycle import WorkflowCommand, WorkflowStatus
from action_service.servicers.requests import (
    mask_of,
    parse_enum,
    parse_optional_uuid,
    parse_uuid,
)
from action_service.servicers.rpc import Rpc
from action_service.servicers.trigger_messages import (
    event_type_message,
    parse_re_entry,
    parse_triggers,
)
from action_service.servicers.workflow_messages import (
    audit_message,
    branch_message,
    workflow_message,
)
from action_service.use_cases.activate import activate_workflow
from action_service.use_cases.events import event_types
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.triggers import set_triggers
from action_service.use_cases.workflows import (
    archive_workflow,
    create_branch,
    create_workflow,
    delete_branch,
    get_workflow,
    pause_workflow,
    update_workflow,
)
from common.auth import current_principal
from common.errors import FieldViolation, invalid, malformed
from common.paging import PageTokens
from treadle.workflow.v1 import workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as pb
from treadle.workflow.v1.workflow_service_pb2_grpc import WorkflowServiceServicer

_WORKFLOWS = PageTokens("workflows", UUID)
_AUDIT = PageTokens("audit", UUID)
_UPDATABLE = frozenset({"name", "description"})


class WorkflowServicer(WorkflowServiceServicer):
    """Serves WorkflowService."""

    def __init__(self, database: Database, *, postal_address: str) -> None:
        """`postal_address` is in the marketing email of accounts that have set none."""
        self._rpc = Rpc(database)
        self._postal_address = postal_address

    async def CreateWorkflow(
        self, request: pb.CreateWorkflowRequest, context: object
    ) -> pb.CreateWorkflowResponse:
        """Creates a draft."""

        async def work(tx: Writer) -> pb.CreateWorkflowResponse:
            workflow = await create_workflow(tx, request.name, request.description)
            return pb.CreateWorkflowResponse(workflow=workflow_message(workflow))

        return await self._rpc.once(request, request.request_id, pb.CreateWorkflowResponse, work)

    async def GetWorkflow(
        self, request: pb.GetWorkflowRequest, context: object
    ) -> pb.GetWorkflowResponse:
        """Returns one workflow."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)

        async def work(tx: Reader) -> pb.GetWorkflowResponse:
            return pb.GetWorkflowResponse(
                workflow=workflow_message(await get_workflow(tx, workflow_id))
            )

        return await self._rpc.read(work)

    async def ListWorkflows(
        self, request: pb.ListWorkflowsRequest, context: object
    ) -> pb.ListWorkflowsResponse:
        """Lists workflows, newest first."""
        status = parse_enum(
            "status",
            workflow_pb2.WorkflowStatus,
            "WORKFLOW_STATUS_",
            request.status,
            WorkflowStatus,
        )
        account = current_principal().require_account()
        page = _WORKFLOWS.page(
            request.page_size, request.page_token, account=account, status=status
        )

        async def work(tx: Reader) -> pb.ListWorkflowsResponse:
            rows = await tx.workflows.list_page(limit=page.limit, before=page.after, status=status)
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListWorkflowsResponse(
                workflows=[workflow_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def UpdateWorkflow(
        self, request: pb.UpdateWorkflowRequest, context: object
    ) -> pb.UpdateWorkflowResponse:
        """Changes name and description."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        mask = mask_of(request.update_mask, request, _UPDATABLE)

        async def work(tx: Writer) -> pb.UpdateWorkflowResponse:
            workflow = await update_workflow(
                tx,
                workflow_id,
                name=request.name if "name" in mask else None,
                description=request.description if "description" in mask else None,
                etag=request.etag,
            )
            return pb.UpdateWorkflowResponse(workflow=workflow_message(workflow))

        return await self._rpc.write(work)

    async def ActivateWorkflow(
        self, request: pb.ActivateWorkflowRequest, context: object
    ) -> pb.ActivateWorkflowResponse:
        """Freezes the draft and lets executions start."""
        workflow = await self._activate(request, WorkflowCommand.ACTIVATE)
        return pb.ActivateWorkflowResponse(workflow=workflow)

    async def PauseWorkflow(
        self, request: pb.PauseWorkflowRequest, context: object
    ) -> pb.PauseWorkflowResponse:
        """Holds due work and allows edits."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)

        async def work(tx: Writer) -> pb.PauseWorkflowResponse:
            workflow = await pause_workflow(tx, workflow_id, etag=request.etag)
            return pb.PauseWorkflowResponse(workflow=workflow_message(workflow))

        return await self._rpc.write(work)

    async def ResumeWorkflow(
        self, request: pb.ResumeWorkflowRequest, context: object
    ) -> pb.ResumeWorkflowResponse:
        """Runs again what was held."""
        workflow = await self._activate(request, WorkflowCommand.RESUME)
        return pb.ResumeWorkflowResponse(workflow=workflow)

    async def ArchiveWorkflow(
        self, request: pb.ArchiveWorkflowRequest, context: object
    ) -> pb.ArchiveWorkflowResponse:
        """Ends the workflow for good."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)

        async def work(tx: Writer) -> pb.ArchiveWorkflowResponse:
            workflow = await archive_workflow(tx, workflow_id, etag=request.etag)
            return pb.ArchiveWorkflowResponse(workflow=workflow_message(workflow))

        return await self._rpc.write(work)

    async def SetTriggers(
        self, request: pb.SetTriggersRequest, context: object
    ) -> pb.SetTriggersResponse:
        """Replaces what starts the workflow."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        triggers = parse_triggers(request.triggers)
        re_entry = parse_re_entry(request.re_entry)

        async def work(tx: Writer) -> pb.SetTriggersResponse:
            workflow = await set_triggers(tx, workflow_id, triggers, re_entry, etag=request.etag)
            return pb.SetTriggersResponse(workflow=workflow_message(workflow))

        return await self._rpc.write(work)

    async def ListEventTypes(
        self, request: pb.ListEventTypesRequest, context: object
    ) -> pb.ListEventTypesResponse:
        """Lists what triggers can name."""
        types = await self._rpc.read(event_types)
        return pb.ListEventTypesResponse(
            event_types=[event_type_message(each) for each in types.values()]
        )

    async def CreateBranch(
        self, request: pb.CreateBranchRequest, context: object
    ) -> pb.CreateBranchResponse:
        """Creates a branch without actions."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        parent = parse_optional_uuid("parent_action_id", request.parent_action_id)

        async def work(tx: Writer) -> pb.CreateBranchResponse:
            branch = await create_branch(tx, workflow_id, request.name, parent)
            return pb.CreateBranchResponse(branch=branch_message(branch))

        return await self._rpc.once(request, request.request_id, pb.CreateBranchResponse, work)

    async def ListBranches(
        self, request: pb.ListBranchesRequest, context: object
    ) -> pb.ListBranchesResponse:
        """Lists a workflow's branches."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)

        async def work(tx: Reader) -> pb.ListBranchesResponse:
            await get_workflow(tx, workflow_id)
            branches = await tx.workflows.branches(workflow_id)
            return pb.ListBranchesResponse(branches=[branch_message(each) for each in branches])

        return await self._rpc.read(work)

    async def DeleteBranch(
        self, request: pb.DeleteBranchRequest, context: object
    ) -> pb.DeleteBranchResponse:
        """Deletes a branch without actions."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        branch_id = parse_uuid("branch_id", request.branch_id)

        async def work(tx: Writer) -> pb.DeleteBranchResponse:
            await delete_branch(tx, workflow_id, branch_id)
            return pb.DeleteBranchResponse()

        return await self._rpc.write(work)

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: object
    ) -> pb.ListAuditEntriesResponse:
        """Lists who changed what, newest first."""
        workflow_id = parse_optional_uuid("workflow_id", request.workflow_id)
        entity_id = parse_optional_uuid("entity_id", request.entity_id)
        if workflow_id is None and entity_id is None:
            problem = "is required when entity_id is not given"
            raise invalid([FieldViolation("workflow_id", problem)])
        page = _AUDIT.page(
            request.page_size, request.page_token, workflow=workflow_id, entity=entity_id
        )

        async def work(tx: Reader) -> pb.ListAuditEntriesResponse:
            if workflow_id is not None:
                await get_workflow(tx, workflow_id)
            rows = await tx.workflows.audit_page(
                workflow_id=workflow_id, entity_id=entity_id, limit=page.limit, before=page.after
            )
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListAuditEntriesResponse(
                entries=[audit_message(row) for row in shown], next_page_token=next_page_token
            )

        return await self._rpc.read(work)

    async def _activate(
        self,
        request: pb.ActivateWorkflowRequest | pb.ResumeWorkflowRequest,
        command: WorkflowCommand,
    ) -> workflow_pb2.Workflow:
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        if request.in_flight not in workflow_pb2.InFlight.values():
            raise malformed("in_flight", f"has no value {request.in_flight}")
        migrate = request.in_flight == workflow_pb2.IN_FLIGHT_MIGRATE

        async def work(tx: Writer) -> workflow_pb2.Workflow:
            workflow = await activate_workflow(
                tx,
                workflow_id,
                command,
                migrate=migrate,
                etag=request.etag,
                postal_address=self._postal_address,
            )
            return workflow_message(workflow)

        return await self._rpc.write(work)
