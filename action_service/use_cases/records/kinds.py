"""All kinds of records, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from action_service.use_cases.records.campaigns import (
    CAMPAIGN,
    CAMPAIGN_ENROLLMENT,
    COURSE,
    COURSE_ACCESS,
)
from action_service.use_cases.records.crm import CUSTOM_FIELD, NOTE, TAG, TASK
from action_service.use_cases.records.directory import NOTIFICATION, TEAM, USER
from action_service.use_cases.records.kind import RecordKind
from action_service.use_cases.records.media import AUDIO_FILE
from action_service.use_cases.records.messenger import MESSENGER_IDENTITY, MESSENGER_PAGE
from action_service.use_cases.records.sales import OPPORTUNITY, PIPELINE

DIRECTORY: Final = (USER, TEAM, NOTIFICATION)
CRM: Final = (TAG, CUSTOM_FIELD, PIPELINE, OPPORTUNITY, TASK, NOTE)
CAMPAIGNS: Final = (CAMPAIGN, CAMPAIGN_ENROLLMENT)
COURSES: Final = (COURSE, COURSE_ACCESS)
MEDIA: Final = (AUDIO_FILE,)
MESSENGER: Final = (MESSENGER_PAGE, MESSENGER_IDENTITY)

KINDS: Final[Mapping[str, RecordKind]] = MappingProxyType(
    {kind.name: kind for kind in (*DIRECTORY, *CRM, *CAMPAIGNS, *COURSES, *MEDIA, *MESSENGER)}
)
