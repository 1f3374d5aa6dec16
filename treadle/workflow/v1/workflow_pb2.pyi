import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WorkflowStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORKFLOW_STATUS_UNSPECIFIED: _ClassVar[WorkflowStatus]
    WORKFLOW_STATUS_DRAFT: _ClassVar[WorkflowStatus]
    WORKFLOW_STATUS_ACTIVE: _ClassVar[WorkflowStatus]
    WORKFLOW_STATUS_PAUSED: _ClassVar[WorkflowStatus]
    WORKFLOW_STATUS_ARCHIVED: _ClassVar[WorkflowStatus]

class InFlight(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IN_FLIGHT_UNSPECIFIED: _ClassVar[InFlight]
    IN_FLIGHT_KEEP: _ClassVar[InFlight]
    IN_FLIGHT_MIGRATE: _ClassVar[InFlight]

class ConditionOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONDITION_OPERATOR_UNSPECIFIED: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_EQUALS: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_NOT_EQUALS: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_ONE_OF: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_CONTAINS: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_IS_SET: _ClassVar[ConditionOperator]
    CONDITION_OPERATOR_IS_NOT_SET: _ClassVar[ConditionOperator]

class ReEntry(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RE_ENTRY_UNSPECIFIED: _ClassVar[ReEntry]
    RE_ENTRY_ONCE: _ClassVar[ReEntry]
    RE_ENTRY_AFTER_FINISHED: _ClassVar[ReEntry]
    RE_ENTRY_ALWAYS: _ClassVar[ReEntry]
WORKFLOW_STATUS_UNSPECIFIED: WorkflowStatus
WORKFLOW_STATUS_DRAFT: WorkflowStatus
WORKFLOW_STATUS_ACTIVE: WorkflowStatus
WORKFLOW_STATUS_PAUSED: WorkflowStatus
WORKFLOW_STATUS_ARCHIVED: WorkflowStatus
IN_FLIGHT_UNSPECIFIED: InFlight
IN_FLIGHT_KEEP: InFlight
IN_FLIGHT_MIGRATE: InFlight
CONDITION_OPERATOR_UNSPECIFIED: ConditionOperator
CONDITION_OPERATOR_EQUALS: ConditionOperator
CONDITION_OPERATOR_NOT_EQUALS: ConditionOperator
CONDITION_OPERATOR_ONE_OF: ConditionOperator
CONDITION_OPERATOR_CONTAINS: ConditionOperator
CONDITION_OPERATOR_IS_SET: ConditionOperator
CONDITION_OPERATOR_IS_NOT_SET: ConditionOperator
RE_ENTRY_UNSPECIFIED: ReEntry
RE_ENTRY_ONCE: ReEntry
RE_ENTRY_AFTER_FINISHED: ReEntry
RE_ENTRY_ALWAYS: ReEntry

class Workflow(_message.Message):
    __slots__ = ("id", "name", "description", "status", "version", "action_count", "has_unpublished_changes", "created_at", "updated_at", "created_by", "etag", "triggers", "re_entry")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    HAS_UNPUBLISHED_CHANGES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    RE_ENTRY_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    status: WorkflowStatus
    version: int
    action_count: int
    has_unpublished_changes: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    created_by: str
    etag: str
    triggers: _containers.RepeatedCompositeFieldContainer[Trigger]
    re_entry: ReEntry
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., status: _Optional[_Union[WorkflowStatus, str]] = ..., version: _Optional[int] = ..., action_count: _Optional[int] = ..., has_unpublished_changes: _Optional[bool] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ..., etag: _Optional[str] = ..., triggers: _Optional[_Iterable[_Union[Trigger, _Mapping]]] = ..., re_entry: _Optional[_Union[ReEntry, str]] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("event_type", "conditions")
    EVENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    event_type: str
    conditions: _containers.RepeatedCompositeFieldContainer[TriggerCondition]
    def __init__(self, event_type: _Optional[str] = ..., conditions: _Optional[_Iterable[_Union[TriggerCondition, _Mapping]]] = ...) -> None: ...

class TriggerCondition(_message.Message):
    __slots__ = ("field", "operator", "value")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    field: str
    operator: ConditionOperator
    value: _struct_pb2.Value
    def __init__(self, field: _Optional[str] = ..., operator: _Optional[_Union[ConditionOperator, str]] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class EventType(_message.Message):
    __slots__ = ("name", "description", "fields")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., fields: _Optional[_Iterable[str]] = ...) -> None: ...

class WorkflowBranch(_message.Message):
    __slots__ = ("id", "workflow_id", "parent_action_id", "name")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    parent_action_id: str
    name: str
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., parent_action_id: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...
