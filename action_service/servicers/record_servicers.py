"""The services that keep records: of people, of the CRM, of campaigns, courses and Messenger."""

from typing import cast

from google.protobuf.message import Message

from action_service.servicers.records import record_message, record_servicer
from action_service.servicers.requests import parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Writer
from action_service.use_cases.records.campaigns import COURSE_ACCESS, set_progress
from action_service.use_cases.records.directory import EDIT, NOTIFICATION, mark_read
from action_service.use_cases.records.kinds import (
    CAMPAIGNS,
    COURSES,
    CRM,
    DIRECTORY,
    MEDIA,
    MESSENGER,
)
from action_service.use_cases.records.messenger import (
    MESSENGER_IDENTITY,
    MESSENGER_PAGE,
    Conversation,
    conversation,
)
from common.auth import current_principal
from common.catalogue.convert import read_struct
from treadle.record.v1 import (
    campaign_service_pb2,
    course_pb2,
    course_service_pb2,
    crm_service_pb2,
    directory_service_pb2,
    media_service_pb2,
    messenger_pb2,
    messenger_service_pb2,
    notification_pb2,
)
from treadle.record.v1.campaign_service_pb2_grpc import CampaignServiceServicer
from treadle.record.v1.course_service_pb2_grpc import CourseServiceServicer
from treadle.record.v1.crm_service_pb2_grpc import CrmServiceServicer
from treadle.record.v1.directory_service_pb2_grpc import DirectoryServiceServicer
from treadle.record.v1.media_service_pb2_grpc import MediaServiceServicer
from treadle.record.v1.messenger_service_pb2_grpc import MessengerServiceServicer


def directory_servicer(database: Database) -> DirectoryServiceServicer:
    """Serves DirectoryService."""
    rpc = Rpc(database)

    async def mark_notification_read(
        request: directory_service_pb2.MarkNotificationReadRequest, context: object
    ) -> Message:
        notification_id = parse_uuid("notification_id", request.notification_id)
        any_users = EDIT in current_principal().permissions

        async def work(tx: Writer) -> Message:
            marked = await mark_read(tx, notification_id, any_users=any_users)
            message = record_message(NOTIFICATION, marked)
            return directory_service_pb2.MarkNotificationReadResponse(
                notification=cast("notification_pb2.Notification", message)
            )

        return await rpc.write(work)

    service = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
    return record_servicer(
        DirectoryServiceServicer,
        service,
        rpc,
        DIRECTORY,
        MarkNotificationRead=mark_notification_read,
    )


def crm_servicer(database: Database) -> CrmServiceServicer:
    """Serves CrmService."""
    service = crm_service_pb2.DESCRIPTOR.services_by_name["CrmService"]
    return record_servicer(CrmServiceServicer, service, Rpc(database), CRM)


def campaign_servicer(database: Database) -> CampaignServiceServicer:
    """Serves CampaignService."""
    service = campaign_service_pb2.DESCRIPTOR.services_by_name["CampaignService"]
    return record_servicer(CampaignServiceServicer, service, Rpc(database), CAMPAIGNS)


def course_servicer(database: Database) -> CourseServiceServicer:
    """Serves CourseService."""
    rpc = Rpc(database)

    async def set_course_progress(
        request: course_service_pb2.SetCourseProgressRequest, context: object
    ) -> Message:
        access_id = parse_uuid("course_access_id", request.course_access_id)
        progress = read_struct(request.progress)

        async def work(tx: Writer) -> Message:
            message = record_message(COURSE_ACCESS, await set_progress(tx, access_id, progress))
            return course_service_pb2.SetCourseProgressResponse(
                course_access=cast("course_pb2.CourseAccess", message)
            )

        return await rpc.write(work)

    service = course_service_pb2.DESCRIPTOR.services_by_name["CourseService"]
    return record_servicer(
        CourseServiceServicer, service, rpc, COURSES, SetCourseProgress=set_course_progress
    )


def messenger_servicer(database: Database) -> MessengerServiceServicer:
    """Serves MessengerService."""

    async def resolve_conversation(
        request: messenger_service_pb2.ResolveConversationRequest, context: object
    ) -> Message:
        account_id = parse_uuid("account_id", request.account_id)
        page_id = parse_uuid("messenger_page_id", request.messenger_page_id)
        contact_id = parse_uuid("contact_id", request.contact_id)
        async with database.reading(account_id) as tx:
            return _resolved(await conversation(tx, page_id, contact_id))

    service = messenger_service_pb2.DESCRIPTOR.services_by_name["MessengerService"]
    return record_servicer(
        MessengerServiceServicer,
        service,
        Rpc(database),
        MESSENGER,
        ResolveConversation=resolve_conversation,
    )


def _resolved(found: Conversation) -> messenger_service_pb2.ResolveConversationResponse:
    page = cast("messenger_pb2.MessengerPage", record_message(MESSENGER_PAGE, found.page))
    response = messenger_service_pb2.ResolveConversationResponse(
        facebook_page_id=page.facebook_page_id, credential=page.credential, page_name=page.name
    )
    if found.identity is not None:
        known = cast(
            "messenger_pb2.MessengerIdentity", record_message(MESSENGER_IDENTITY, found.identity)
        )
        response.psid = known.psid
        if known.HasField("last_message_at"):
            response.last_message_at.CopyFrom(known.last_message_at)
    return response


def media_servicer(database: Database) -> MediaServiceServicer:
    """Serves MediaService."""
    service = media_service_pb2.DESCRIPTOR.services_by_name["MediaService"]
    return record_servicer(MediaServiceServicer, service, Rpc(database), MEDIA)
