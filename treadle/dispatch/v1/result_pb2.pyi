import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import update_contact_pb2 as _update_contact_pb2
from treadle.execution.v1 import execution_pb2 as _execution_pb2
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
    __slots__ = ("attempt_id", "action_execution_id", "execution_id", "account_id", "started_at", "finished_at", "completed", "failed", "skipped", "waiting", "deferred", "due", "claimant")
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
    CLAIMANT_FIELD_NUMBER: _ClassVar[int]
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
    claimant: bool
    def __init__(self, attempt_id: _Optional[str] = ..., action_execution_id: _Optional[str] = ..., execution_id: _Optional[str] = ..., account_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed: _Optional[_Union[Completed, _Mapping]] = ..., failed: _Optional[_Union[Failed, _Mapping]] = ..., skipped: _Optional[_Union[Skipped, _Mapping]] = ..., waiting: _Optional[_Union[Waiting, _Mapping]] = ..., deferred: _Optional[_Union[Deferred, _Mapping]] = ..., due: _Optional[_Union[Due, _Mapping]] = ..., claimant: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("resume_at", "reason")
    RESUME_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    resume_at: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, resume_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Deferred(_message.Message):
    __slots__ = ("not_before", "reason")
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    not_before: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, not_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class Due(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Effect(_message.Message):
    __slots__ = ("add_tag", "update_contact")
    ADD_TAG_FIELD_NUMBER: _ClassVar[int]
    UPDATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    add_tag: AddTagEffect
    update_contact: UpdateContactEffect
    def __init__(self, add_tag: _Optional[_Union[AddTagEffect, _Mapping]] = ..., update_contact: _Optional[_Union[UpdateContactEffect, _Mapping]] = ...) -> None: ...

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
