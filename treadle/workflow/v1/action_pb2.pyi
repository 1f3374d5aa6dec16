import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import add_tag_pb2 as _add_tag_pb2
from treadle.catalog.v1 import send_email_pb2 as _send_email_pb2
from treadle.catalog.v1 import send_sms_pb2 as _send_sms_pb2
from treadle.catalog.v1 import update_contact_pb2 as _update_contact_pb2
from treadle.catalog.v1 import wait_time_pb2 as _wait_time_pb2
from treadle.catalog.v1 import webhook_call_pb2 as _webhook_call_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConfigStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONFIG_STATUS_UNSPECIFIED: _ClassVar[ConfigStatus]
    CONFIG_STATUS_VALID: _ClassVar[ConfigStatus]
    CONFIG_STATUS_INCOMPLETE: _ClassVar[ConfigStatus]
    CONFIG_STATUS_INVALID: _ClassVar[ConfigStatus]

class OnError(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_ERROR_UNSPECIFIED: _ClassVar[OnError]
    ON_ERROR_STOP: _ClassVar[OnError]
    ON_ERROR_CONTINUE: _ClassVar[OnError]
    ON_ERROR_FALLBACK: _ClassVar[OnError]
CONFIG_STATUS_UNSPECIFIED: ConfigStatus
CONFIG_STATUS_VALID: ConfigStatus
CONFIG_STATUS_INCOMPLETE: ConfigStatus
CONFIG_STATUS_INVALID: ConfigStatus
ON_ERROR_UNSPECIFIED: OnError
ON_ERROR_STOP: OnError
ON_ERROR_CONTINUE: OnError
ON_ERROR_FALLBACK: OnError

class ActionConfig(_message.Message):
    __slots__ = ("send_email", "send_sms", "update_contact", "add_tag", "wait_time", "webhook_call")
    SEND_EMAIL_FIELD_NUMBER: _ClassVar[int]
    SEND_SMS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    ADD_TAG_FIELD_NUMBER: _ClassVar[int]
    WAIT_TIME_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_CALL_FIELD_NUMBER: _ClassVar[int]
    send_email: _send_email_pb2.SendEmailConfig
    send_sms: _send_sms_pb2.SendSmsConfig
    update_contact: _update_contact_pb2.UpdateContactConfig
    add_tag: _add_tag_pb2.AddTagConfig
    wait_time: _wait_time_pb2.WaitTimeConfig
    webhook_call: _webhook_call_pb2.WebhookCallConfig
    def __init__(self, send_email: _Optional[_Union[_send_email_pb2.SendEmailConfig, _Mapping]] = ..., send_sms: _Optional[_Union[_send_sms_pb2.SendSmsConfig, _Mapping]] = ..., update_contact: _Optional[_Union[_update_contact_pb2.UpdateContactConfig, _Mapping]] = ..., add_tag: _Optional[_Union[_add_tag_pb2.AddTagConfig, _Mapping]] = ..., wait_time: _Optional[_Union[_wait_time_pb2.WaitTimeConfig, _Mapping]] = ..., webhook_call: _Optional[_Union[_webhook_call_pb2.WebhookCallConfig, _Mapping]] = ...) -> None: ...

class ConfigViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("id", "workflow_id", "name", "action_type", "config", "position", "previous_action_id", "next_action_id", "branch_id", "is_enabled", "on_error", "fallback_action_id", "config_status", "config_violations", "created_at", "updated_at", "created_by", "etag")
    ID_FIELD_NUMBER: _ClassVar[int]
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    IS_ENABLED_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_STATUS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    id: str
    workflow_id: str
    name: str
    action_type: str
    config: ActionConfig
    position: int
    previous_action_id: str
    next_action_id: str
    branch_id: str
    is_enabled: bool
    on_error: OnError
    fallback_action_id: str
    config_status: ConfigStatus
    config_violations: _containers.RepeatedCompositeFieldContainer[ConfigViolation]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    created_by: str
    etag: str
    def __init__(self, id: _Optional[str] = ..., workflow_id: _Optional[str] = ..., name: _Optional[str] = ..., action_type: _Optional[str] = ..., config: _Optional[_Union[ActionConfig, _Mapping]] = ..., position: _Optional[int] = ..., previous_action_id: _Optional[str] = ..., next_action_id: _Optional[str] = ..., branch_id: _Optional[str] = ..., is_enabled: _Optional[bool] = ..., on_error: _Optional[_Union[OnError, str]] = ..., fallback_action_id: _Optional[str] = ..., config_status: _Optional[_Union[ConfigStatus, str]] = ..., config_violations: _Optional[_Iterable[_Union[ConfigViolation, _Mapping]]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...
