"""CatalogService: the action types that this deployment can run."""

from common.catalogue import UnknownActionTypeError, action_type_message, action_types, catalogue
from common.errors import FieldViolation, invalid, not_found
from treadle.catalog.v1 import catalog_service_pb2 as pb
from treadle.catalog.v1.catalog_service_pb2_grpc import CatalogServiceServicer


class CatalogServicer(CatalogServiceServicer):
    """Serves CatalogService."""

    async def ListActionTypes(
        self, request: pb.ListActionTypesRequest, context: object
    ) -> pb.ListActionTypesResponse:
        """Lists action types by category, then type."""
        known = catalogue().categories
        if request.category and request.category not in known:
            problem = f"has no action types; there are {', '.join(known)}"
            raise invalid([FieldViolation("category", problem)])
        return pb.ListActionTypesResponse(action_types=action_types(request.category))

    async def GetActionType(
        self, request: pb.GetActionTypeRequest, context: object
    ) -> pb.GetActionTypeResponse:
        """Returns one action type."""
        try:
            spec = catalogue().get(request.type)
        except UnknownActionTypeError:
            raise not_found("action type", request.type) from None
        return pb.GetActionTypeResponse(action_type=action_type_message(spec))
