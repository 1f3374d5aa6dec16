import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import add_note_pb2 as _add_note_pb2
from treadle.catalog.v1 import add_to_campaign_pb2 as _add_to_campaign_pb2
from treadle.catalog.v1 import assign_to_user_pb2 as _assign_to_user_pb2
from treadle.catalog.v1 import create_contact_pb2 as _create_contact_pb2
from treadle.catalog.v1 import create_opportunity_pb2 as _create_opportunity_pb2
from treadle.catalog.v1 import create_task_pb2 as _create_task_pb2
from treadle.catalog.v1 import grant_course_access_pb2 as _grant_course_access_pb2
from treadle.catalog.v1 import move_pipeline_stage_pb2 as _move_pipeline_stage_pb2
from treadle.catalog.v1 import remove_from_campaign_pb2 as _remove_from_campaign_pb2
from treadle.catalog.v1 import remove_tag_pb2 as _remove_tag_pb2
from treadle.catalog.v1 import revoke_course_access_pb2 as _revoke_course_access_pb2
from treadle.catalog.v1 import send_notification_pb2 as _send_notification_pb2
from treadle.catalog.v1 import update_contact_pb2 as _update_contact_pb2
from treadle.dispatch.v1 import task_pb2 as _task_pb2
from treadle.execution.v1 import execution_pb2 as _execution_pb2
from treadle.execution.v1 import hold_pb2 as _hold_pb2
from treadle.ledger.v1 import unknown_send_pb2 as _unknown_send_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ActionResultBatch(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ActionResult]
    def __init__(self, results: _Optional[_Iterable[_Union[ActionResult, _Mapping]]] = ...) -> None: ...

class ActionResult(_message.Message):
    __slots__ = ("attempt_id", "action_execution_id", "execution_id", "account_id", "started_at", "finished_at", "completed", "failed", "skipped", "waiting", "deferred", "due", "accepted", "looked", "claimant", "delivery_id", "sent")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    DEFERRED_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    LOOKED_FIELD_NUMBER: _ClassVar[int]
    CLAIMANT_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    action_execution_id: str
    execution_id: str
    account_id: str
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    completed: Completed
    failed: Failed
    skipped: Skipped
    waiting: Waiting
    deferred: Deferred
    due: Due
    accepted: Accepted
    looked: Looked
    claimant: bool
    delivery_id: str
    sent: _task_pb2.Sent
    def __init__(self, attempt_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., account_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed: _Optional[_Union[Completed, _Mapping]] = ..., failed: _Optional[_Union[Failed, _Mapping]] = ..., skipped: _Optional[_Union[Skipped, _Mapping]] = ..., waiting: _Optional[_Union[Waiting, _Mapping]] = ..., deferred: _Optional[_Union[Deferred, _Mapping]] = ..., due: _Optional[_Union[Due, _Mapping]] = ..., accepted: _Optional[_Union[Accepted, _Mapping]] = ..., looked: _Optional[_Union[Looked, _Mapping]] = ..., claimant: _Optional[bool] = ..., delivery_id: _Optional[str] = ..., sent: _Optional[_Union[_task_pb2.Sent, _Mapping]] = ...) -> None: ...

class Completed(_message.Message):
    __slots__ = ("output_json", "effects", "provider_reference")
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    output_json: bytes
    effects: _containers.RepeatedCompositeFieldContainer[Effect]
    provider_reference: str
    def __init__(self, output_json: _Optional[bytes] = ..., effects: _Optional[_Iterable[_Union[Effect, _Mapping]]] = ..., provider_reference: _Optional[str] = ...) -> None: ...

class Failed(_message.Message):
    __slots__ = ("error_class", "message", "retry_after")
    ERROR_CLASS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    error_class: _execution_pb2.ErrorClass
    message: str
    retry_after: _duration_pb2.Duration
    def __init__(self, error_class: _Optional[_Union[_execution_pb2.ErrorClass, str]] = ..., message: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Skipped(_message.Message):
    __slots__ = ("reason", "opted_out")
    REASON_FIELD_NUMBER: _ClassVar[int]
    OPTED_OUT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    opted_out: str
    def __init__(self, reason: _Optional[str] = ..., opted_out: _Optional[str] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("resume_at", "reason", "hold")
    RESUME_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    resume_at: _timestamp_pb2.Timestamp
    reason: str
    hold: _hold_pb2.Hold
    def __init__(self, resume_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., hold: _Optional[_Union[_hold_pb2.Hold, _Mapping]] = ...) -> None: ...

class Deferred(_message.Message):
    __slots__ = ("not_before", "reason", "hold")
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    not_before: _timestamp_pb2.Timestamp
    reason: str
    hold: _hold_pb2.Hold
    def __init__(self, not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., hold: _Optional[_Union[_hold_pb2.Hold, _Mapping]] = ...) -> None: ...

class Due(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("provider_reference", "look_again_at", "reason")
    PROVIDER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    LOOK_AGAIN_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    provider_reference: str
    look_again_at: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, provider_reference: _Optional[str] = ..., look_again_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Looked(_message.Message):
    __slots__ = ("attempt_id", "finding", "found", "note")
    ATTEMPT_ID_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    attempt_id: str
    finding: _unknown_send_pb2.LookupFinding
    found: _containers.RepeatedCompositeFieldContainer[FoundMessage]
    note: str
    def __init__(self, attempt_id: _Optional[str] = ..., finding: _Optional[_Union[_unknown_send_pb2.LookupFinding, str]] = ..., found: _Optional[_Iterable[_Union[FoundMessage, _Mapping]]] = ..., note: _Optional[str] = ...) -> None: ...

class FoundMessage(_message.Message):
    __slots__ = ("provider_reference", "output_json")
    PROVIDER_REFERENCE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    provider_reference: str
    output_json: bytes
    def __init__(self, provider_reference: _Optional[str] = ..., output_json: _Optional[bytes] = ...) -> None: ...

class Effect(_message.Message):
    __slots__ = ("add_tag", "update_contact", "remove_tag", "create_contact", "add_to_campaign", "remove_from_campaign", "move_pipeline_stage", "assign_to_user", "create_task", "add_note", "send_notification", "create_opportunity", "grant_course_access", "revoke_course_access")
    ADD_TAG_FIELD_NUMBER: _ClassVar[int]
    UPDATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    REMOVE_TAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    ADD_TO_CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FROM_CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    MOVE_PIPELINE_STAGE_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_TO_USER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TASK_FIELD_NUMBER: _ClassVar[int]
    ADD_NOTE_FIELD_NUMBER: _ClassVar[int]
    SEND_NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    GRANT_COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    REVOKE_COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    add_tag: AddTagEffect
    update_contact: UpdateContactEffect
    remove_tag: _remove_tag_pb2.RemoveTagConfig
    create_contact: _create_contact_pb2.CreateContactConfig
    add_to_campaign: _add_to_campaign_pb2.AddToCampaignConfig
    remove_from_campaign: _remove_from_campaign_pb2.RemoveFromCampaignConfig
    move_pipeline_stage: _move_pipeline_stage_pb2.MovePipelineStageConfig
    assign_to_user: _assign_to_user_pb2.AssignToUserConfig
    create_task: _create_task_pb2.CreateTaskConfig
    add_note: _add_note_pb2.AddNoteConfig
    send_notification: _send_notification_pb2.SendNotificationConfig
    create_opportunity: _create_opportunity_pb2.CreateOpportunityConfig
    grant_course_access: _grant_course_access_pb2.GrantCourseAccessConfig
    revoke_course_access: _revoke_course_access_pb2.RevokeCourseAccessConfig
    def __init__(self, add_tag: _Optional[_Union[AddTagEffect, _Mapping]] = ..., update_contact: _Optional[_Union[UpdateContactEffect, _Mapping]] = ..., remove_tag: _Optional[_Union[_remove_tag_pb2.RemoveTagConfig, _Mapping]] = ..., create_contact: _Optional[_Union[_create_contact_pb2.CreateContactConfig, _Mapping]] = ..., add_to_campaign: _Optional[_Union[_add_to_campaign_pb2.AddToCampaignConfig, _Mapping]] = ..., remove_from_campaign: _Optional[_Union[_remove_from_campaign_pb2.RemoveFromCampaignConfig, _Mapping]] = ..., move_pipeline_stage: _Optional[_Union[_move_pipeline_stage_pb2.MovePipelineStageConfig, _Mapping]] = ..., assign_to_user: _Optional[_Union[_assign_to_user_pb2.AssignToUserConfig, _Mapping]] = ..., create_task: _Optional[_Union[_create_task_pb2.CreateTaskConfig, _Mapping]] = ..., add_note: _Optional[_Union[_add_note_pb2.AddNoteConfig, _Mapping]] = ..., send_notification: _Optional[_Union[_send_notification_pb2.SendNotificationConfig, _Mapping]] = ..., create_opportunity: _Optional[_Union[_create_opportunity_pb2.CreateOpportunityConfig, _Mapping]] = ..., grant_course_access: _Optional[_Union[_grant_course_access_pb2.GrantCourseAccessConfig, _Mapping]] = ..., revoke_course_access: _Optional[_Union[_revoke_course_access_pb2.RevokeCourseAccessConfig, _Mapping]] = ...) -> None: ...

class AddTagEffect(_message.Message):
    __slots__ = ("contact_id", "tag_name", "tag_color")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    TAG_NAME_FIELD_NUMBER: _ClassVar[int]
    TAG_COLOR_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    tag_name: str
    tag_color: str
    def __init__(self, contact_id: _Optional[str] = ..., tag_name: _Optional[str] = ..., tag_color: _Optional[str] = ...) -> None: ...

class UpdateContactEffect(_message.Message):
    __slots__ = ("contact_id", "mode", "changes")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    mode: _update_contact_pb2.UpdateMode
    changes: _containers.RepeatedCompositeFieldContainer[FieldChange]
    def __init__(self, contact_id: _Optional[str] = ..., mode: _Optional[_Union[_update_contact_pb2.UpdateMode, str]] = ..., changes: _Optional[_Iterable[_Union[FieldChange, _Mapping]]] = ...) -> None: ...

class FieldChange(_message.Message):
    __slots__ = ("field", "value")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    field: str
    value: _struct_pb2.Value
    def __init__(self, field: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
