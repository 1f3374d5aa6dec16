"""ActionService: the steps of a workflow."""

from uuid import UUID

from action_service.domain.plan import Json, OnError
from action_service.domain.workflow import Action
from action_service.servicers.requests import (
    mask_of,
    parse_enum,
    parse_optional_uuid,
    parse_uuid,
    parse_uuids,
)
from action_service.servicers.rpc import Rpc
from action_service.servicers.workflow_messages import action_message
from action_service.use_cases.action_configs import view, views
from action_service.use_cases.credential_ports import Vault
from action_service.use_cases.edit_actions import (
    AddAction,
    UpdateAction,
    add_action,
    delete_action,
    reorder_actions,
    update_action,
)
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.workflows import get_workflow
from common.catalogue import catalogue
from common.errors import FieldViolation, invalid, malformed, not_found
from common.paging import PageTokens
from treadle.workflow.v1 import action_pb2
from treadle.workflow.v1 import action_service_pb2 as pb
from treadle.workflow.v1.action_service_pb2_grpc import ActionServiceServicer

# The main path has no branch id; its actions come first.
_ACTIONS = PageTokens("actions", tuple[str, int])
_UPDATABLE = frozenset({"config", "name", "is_enabled", "on_error", "fallback_action_id"})


class ActionServicer(ActionServiceServicer):
    """Serves ActionService."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._rpc = Rpc(database)
        self._vault = vault

    async def AddAction(
        self, request: pb.AddActionRequest, context: object
    ) -> pb.AddActionResponse:
        """Adds an action at its place."""
        command = _add_command(request)

        async def work(tx: Writer) -> pb.AddActionResponse:
            added = await add_action(tx, self._vault, command)
            return pb.AddActionResponse(action=action_message(added))

        return await self._rpc.once(request, request.request_id, pb.AddActionResponse, work)

    async def GetAction(
        self, request: pb.GetActionRequest, context: object
    ) -> pb.GetActionResponse:
        """Returns one action."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        action_id = parse_uuid("action_id", request.action_id)

        async def work(tx: Reader) -> pb.GetActionResponse:
            action = await tx.actions.get(workflow_id, action_id)
            if action is None:
                raise not_found("action", action_id)
            return pb.GetActionResponse(action=action_message(await view(tx, action)))

        return await self._rpc.read(work)

    async def ListActions(
        self, request: pb.ListActionsRequest, context: object
    ) -> pb.ListActionsResponse:
        """Lists actions: the main path by position, then each branch."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        branch_id = parse_optional_uuid("branch_id", request.branch_id)
        page = _ACTIONS.page(
            request.page_size, request.page_token, workflow=workflow_id, branch=branch_id
        )

        async def work(tx: Reader) -> pb.ListActionsResponse:
            await get_workflow(tx, workflow_id)
            # At most fifty, so a page is cut from the whole.
            rows = [
                action
                for action in await tx.actions.of(workflow_id)
                if (branch_id is None or action.branch_id == branch_id)
                and (page.after is None or _place(action) > page.after)
            ]
            shown, next_page_token = page.cut(rows, _place)
            return pb.ListActionsResponse(
                actions=[action_message(each) for each in await views(tx, shown)],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def UpdateAction(
        self, request: pb.UpdateActionRequest, context: object
    ) -> pb.UpdateActionResponse:
        """Changes an action's configuration and settings."""
        command = _update_command(request)

        async def work(tx: Writer) -> pb.UpdateActionResponse:
            updated = await update_action(tx, self._vault, command)
            return pb.UpdateActionResponse(action=action_message(updated))

        return await self._rpc.write(work)

    async def DeleteAction(
        self, request: pb.DeleteActionRequest, context: object
    ) -> pb.DeleteActionResponse:
        """Deletes an action and closes the gap."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        action_id = parse_uuid("action_id", request.action_id)

        async def work(tx: Writer) -> pb.DeleteActionResponse:
            await delete_action(tx, workflow_id, action_id, etag=request.etag)
            return pb.DeleteActionResponse()

        return await self._rpc.write(work)

    async def ReorderActions(
        self, request: pb.ReorderActionsRequest, context: object
    ) -> pb.ReorderActionsResponse:
        """Puts all actions of one path in a new order."""
        workflow_id = parse_uuid("workflow_id", request.workflow_id)
        branch_id = parse_optional_uuid("branch_id", request.branch_id)
        action_ids = parse_uuids("action_ids", request.action_ids)

        async def work(tx: Writer) -> pb.ReorderActionsResponse:
            ordered = await reorder_actions(
                tx, workflow_id, branch_id, action_ids, etag=request.etag
            )
            return pb.ReorderActionsResponse(actions=[action_message(each) for each in ordered])

        return await self._rpc.write(work)


def _add_command(request: pb.AddActionRequest) -> AddAction:
    action_type, config = request.action_type, None
    if request.HasField("config"):
        config_type, config = _config(request.config)
        if action_type and action_type != config_type:
            problem = f"is a configuration of {config_type}, but action_type is {action_type}"
            raise invalid([FieldViolation("config", problem)])
        action_type = config_type
    if not action_type:
        raise invalid([FieldViolation("action_type", "is required")])
    return AddAction(
        workflow_id=parse_uuid("workflow_id", request.workflow_id),
        action_type=action_type,
        config=config,
        position=request.position if request.HasField("position") else None,
        previous_action_id=parse_optional_uuid("previous_action_id", request.previous_action_id),
        branch_id=parse_optional_uuid("branch_id", request.branch_id),
        name=request.name or None,
        is_enabled=request.is_enabled,
        on_error=_on_error(request.on_error),
        fallback_action_id=_fallback(request.fallback_action_id),
        allow_incomplete=request.allow_incomplete,
    )


def _update_command(request: pb.UpdateActionRequest) -> UpdateAction:
    mask = mask_of(request.update_mask, request, _UPDATABLE)
    config_type, config = _config(request.config) if request.HasField("config") else (None, None)
    return UpdateAction(
        workflow_id=parse_uuid("workflow_id", request.workflow_id),
        action_id=parse_uuid("action_id", request.action_id),
        mask=mask,
        config_type=config_type,
        config=config,
        name=request.name or None,
        is_enabled=request.is_enabled,
        on_error=_on_error(request.on_error),
        fallback_action_id=_fallback(request.fallback_action_id),
        etag=request.etag,
        allow_incomplete=request.allow_incomplete,
    )


def _config(message: action_pb2.ActionConfig) -> tuple[str, dict[str, Json]]:
    action_type = message.WhichOneof("config")
    if action_type is None:
        raise malformed("config", "is of no action type that this service knows")
    return action_type, catalogue().get(action_type).from_message(message)


def _on_error(number: int) -> OnError:
    parsed = parse_enum("on_error", action_pb2.OnError, "ON_ERROR_", number, OnError)
    return parsed or OnError.STOP


def _fallback(value: str) -> UUID | None:
    return parse_optional_uuid("fallback_action_id", value)


def _place(action: Action) -> tuple[str, int]:
    return ("" if action.branch_id is None else str(action.branch_id), action.position)
