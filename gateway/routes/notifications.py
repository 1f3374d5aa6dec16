"""What can be done with a notification beyond reading it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from gateway.headers import CallerDep, UpstreamDep
from gateway.models.base import Resource, UuidText
from gateway.record_table import NOTIFICATIONS
from gateway.requests import StrictRoute
from treadle.record.v1 import directory_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/notifications", tags=["notifications"], route_class=StrictRoute
)


@router.post(
    "/{notification_id}/read",
    operation_id="markNotificationRead",
    response_model=NOTIFICATIONS.resource,
)
async def mark_notification_read(
    notification_id: Annotated[UuidText, Path()], caller: CallerDep, upstream: UpstreamDep
) -> Resource:
    """Mark a notification as read; a second time changes nothing."""
    request = pb.MarkNotificationReadRequest(notification_id=notification_id)
    answer = await caller.call(upstream.directory.MarkNotificationRead, request)
    return NOTIFICATIONS.shown(answer.notification)
