"""The kinds of records, each a row."""

from operator import attrgetter
from typing import Final

from gateway.record_type import RecordService, RecordType
from treadle.record.v1 import (
    audio_file_pb2,
    campaign_pb2,
    campaign_service_pb2,
    course_pb2,
    course_service_pb2,
    crm_service_pb2,
    custom_field_pb2,
    directory_service_pb2,
    media_service_pb2,
    messenger_pb2,
    messenger_service_pb2,
    note_pb2,
    notification_pb2,
    opportunity_pb2,
    pipeline_pb2,
    tag_pb2,
    task_pb2,
    team_pb2,
    user_pb2,
)

_DIRECTORY: Final = RecordService(
    directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"], attrgetter("directory")
)
_CRM: Final = RecordService(
    crm_service_pb2.DESCRIPTOR.services_by_name["CrmService"], attrgetter("crm")
)
_CAMPAIGNS: Final = RecordService(
    campaign_service_pb2.DESCRIPTOR.services_by_name["CampaignService"], attrgetter("campaigns")
)
_COURSES: Final = RecordService(
    course_service_pb2.DESCRIPTOR.services_by_name["CourseService"], attrgetter("courses")
)
_MESSENGER: Final = RecordService(
    messenger_service_pb2.DESCRIPTOR.services_by_name["MessengerService"], attrgetter("messenger")
)
_MEDIA: Final = RecordService(
    media_service_pb2.DESCRIPTOR.services_by_name["MediaService"], attrgetter("media")
)

# Ids of the examples.
_CONTACT: Final = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"
_USER: Final = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d11"
_PIPELINE: Final = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d12"
_STAGE: Final = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d13"
_MESSENGER_PAGE: Final = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d14"

USERS: Final = RecordType(
    user_pb2.User,
    _DIRECTORY,
    path="users",
    about="A person who works with Treadle: owner of contacts, assignee of tasks.",
    order="by name",
    example={"name": "Grace Hopper", "email": "grace@example.com", "role": "sales"},
    change={"is_active": False},
)
TEAMS: Final = RecordType(
    team_pb2.Team,
    _DIRECTORY,
    path="teams",
    about="Users who share work.",
    order="by name",
    example={"name": "Sales", "member_ids": [_USER]},
    change={"member_ids": [_USER]},
)
NOTIFICATIONS: Final = RecordType(
    notification_pb2.Notification,
    _DIRECTORY,
    path="notifications",
    about="Word to a user.",
    order="newest first",
)
TAGS: Final = RecordType(
    tag_pb2.Tag,
    _CRM,
    path="tags",
    about="A label of contacts.",
    order="by name",
    example={"name": "customer", "color": "#1f77b4"},
    change={"color": "#2ca02c"},
)
CUSTOM_FIELDS: Final = RecordType(
    custom_field_pb2.CustomField,
    _CRM,
    path="custom-fields",
    about="The declared type of a contact's custom field; one without a declaration takes any "
    "value.",
    order="by name",
    example={"name": "plan", "field_type": "text", "label": "Plan"},
    change={"label": "Subscription"},
)
PIPELINES: Final = RecordType(
    pipeline_pb2.Pipeline,
    _CRM,
    path="pipelines",
    about="The stages that opportunities go through.",
    order="by name",
    example={
        "name": "Sales",
        "stages": [{"name": "Lead"}, {"name": "Won", "outcome": "won"}],
    },
    change={"name": "Direct sales"},
)
OPPORTUNITIES: Final = RecordType(
    opportunity_pb2.Opportunity,
    _CRM,
    path="opportunities",
    about="A deal with a contact.",
    order="newest first",
    example={
        "contact_id": _CONTACT,
        "name": "Annual plan",
        "pipeline_id": _PIPELINE,
        "value": 1200,
        "currency": "EUR",
    },
    change={"stage_id": _STAGE},
)
TASKS: Final = RecordType(
    task_pb2.Task,
    _CRM,
    path="tasks",
    about="Something that a user is to do.",
    order="newest first",
    example={
        "contact_id": _CONTACT,
        "title": "Call back",
        "assignee_id": _USER,
        "priority": "high",
        "due_at": "2026-01-26T10:00:00Z",
    },
    change={"status": "done"},
)
NOTES: Final = RecordType(
    note_pb2.Note,
    _CRM,
    path="notes",
    about="A note on a contact.",
    order="newest first",
    example={"contact_id": _CONTACT, "content": "Asked for an offer by Friday."},
)
CAMPAIGNS: Final = RecordType(
    campaign_pb2.Campaign,
    _CAMPAIGNS,
    path="campaigns",
    about="A series of steps that contacts are enrolled in.",
    order="by name",
    example={
        "name": "Spring",
        "enrollment_limit": 1000,
        "steps": [{"name": "Welcome"}, {"name": "Offer"}],
    },
    change={"is_active": False},
)
ENROLLMENTS: Final = RecordType(
    campaign_pb2.CampaignEnrollment,
    _CAMPAIGNS,
    path="enrollments",
    about="A contact's time in a campaign.",
    order="newest first",
    noun="Enrollment",
    within=CAMPAIGNS,
)
COURSES: Final = RecordType(
    course_pb2.Course,
    _COURSES,
    path="courses",
    about="Something to learn, which contacts are given access to.",
    order="by name",
    example={"name": "Getting started", "welcome_subject": "Welcome, {{contact.first_name}}"},
    change={"description": "Five lessons for new customers."},
)
COURSE_ACCESSES: Final = RecordType(
    course_pb2.CourseAccess,
    _COURSES,
    path="course-accesses",
    about="A contact's access to a course.",
    order="newest first",
)
MESSENGER_PAGES: Final = RecordType(
    messenger_pb2.MessengerPage,
    _MESSENGER,
    path="messenger-pages",
    about="A Facebook page that messages come from.",
    order="by name",
    example={"name": "Bakery", "facebook_page_id": "102030405060708", "credential": "default"},
    change={"credential": "bakery"},
)
MESSENGER_IDENTITIES: Final = RecordType(
    messenger_pb2.MessengerIdentity,
    _MESSENGER,
    path="messenger-identities",
    about="A person as a Facebook page knows them, and the contact who that is. Who writes to a "
    "page is there by themselves, as yet of no contact.",
    order="newest first",
    example={
        "messenger_page_id": _MESSENGER_PAGE,
        "psid": "6203981734561",
        "contact_id": _CONTACT,
        "last_message_at": "2026-01-26T10:00:00Z",
    },
    change={"contact_id": _CONTACT},
)
AUDIO_FILES: Final = RecordType(
    audio_file_pb2.AudioFile,
    _MEDIA,
    path="audio-files",
    about="A recording that is played to whoever answers a call.",
    order="by name",
    example={
        "name": "Spring offer",
        "url": "https://cdn.example.com/offer.mp3",
        "content_type": "audio/mpeg",
        "duration_seconds": 22.5,
    },
    change={"url": "https://cdn.example.com/offer-2.mp3"},
)

RECORD_TYPES: Final = (
    USERS,
    TEAMS,
    NOTIFICATIONS,
    TAGS,
    CUSTOM_FIELDS,
    PIPELINES,
    OPPORTUNITIES,
    TASKS,
    NOTES,
    CAMPAIGNS,
    ENROLLMENTS,
    COURSES,
    COURSE_ACCESSES,
    MESSENGER_PAGES,
    MESSENGER_IDENTITIES,
    AUDIO_FILES,
)
