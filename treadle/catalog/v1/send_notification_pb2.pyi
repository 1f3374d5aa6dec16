from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecipientType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECIPIENT_TYPE_UNSPECIFIED: _ClassVar[RecipientType]
    RECIPIENT_TYPE_SPECIFIC_USER: _ClassVar[RecipientType]
    RECIPIENT_TYPE_CONTACT_OWNER: _ClassVar[RecipientType]
    RECIPIENT_TYPE_TEAM: _ClassVar[RecipientType]
    RECIPIENT_TYPE_ROLE: _ClassVar[RecipientType]

class NotificationChannel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTIFICATION_CHANNEL_UNSPECIFIED: _ClassVar[NotificationChannel]
    NOTIFICATION_CHANNEL_IN_APP: _ClassVar[NotificationChannel]
    NOTIFICATION_CHANNEL_EMAIL: _ClassVar[NotificationChannel]
    NOTIFICATION_CHANNEL_SMS: _ClassVar[NotificationChannel]
RECIPIENT_TYPE_UNSPECIFIED: RecipientType
RECIPIENT_TYPE_SPECIFIC_USER: RecipientType
RECIPIENT_TYPE_CONTACT_OWNER: RecipientType
RECIPIENT_TYPE_TEAM: RecipientType
RECIPIENT_TYPE_ROLE: RecipientType
NOTIFICATION_CHANNEL_UNSPECIFIED: NotificationChannel
NOTIFICATION_CHANNEL_IN_APP: NotificationChannel
NOTIFICATION_CHANNEL_EMAIL: NotificationChannel
NOTIFICATION_CHANNEL_SMS: NotificationChannel

class SendNotificationConfig(_message.Message):
    __slots__ = ("recipient_type", "recipient_ids", "channels", "title", "message", "team_id", "role")
    RECIPIENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    recipient_type: RecipientType
    recipient_ids: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[NotificationChannel]
    title: str
    message: str
    team_id: str
    role: str
    def __init__(self, recipient_type: _Optional[_Union[RecipientType, str]] = ..., recipient_ids: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[_Union[NotificationChannel, str]]] = ..., title: _Optional[str] = ..., message: _Optional[str] = ..., team_id: _Optional[str] = ..., role: _Optional[str] = ...) -> None: ...

class SendNotificationOutput(_message.Message):
    __slots__ = ("notification_ids", "user_ids")
    NOTIFICATION_IDS_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    notification_ids: _containers.RepeatedScalarFieldContainer[str]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, notification_ids: _Optional[_Iterable[str]] = ..., user_ids: _Optional[_Iterable[str]] = ...) -> None: ...
