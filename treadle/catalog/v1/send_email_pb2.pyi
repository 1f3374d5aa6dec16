from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SendEmailConfig(_message.Message):
    __slots__ = ("template_id", "subject", "from_name", "from_email", "reply_to", "track_opens", "track_clicks", "attachments", "purpose")
    TEMPLATE_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FROM_NAME_FIELD_NUMBER: _ClassVar[int]
    FROM_EMAIL_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    TRACK_OPENS_FIELD_NUMBER: _ClassVar[int]
    TRACK_CLICKS_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENTS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    template_id: str
    subject: str
    from_name: str
    from_email: str
    reply_to: str
    track_opens: bool
    track_clicks: bool
    attachments: _containers.RepeatedScalarFieldContainer[str]
    purpose: _send_purpose_pb2.SendPurpose
    def __init__(self, template_id: _Optional[str] = ..., subject: _Optional[str] = ..., from_name: _Optional[str] = ..., from_email: _Optional[str] = ..., reply_to: _Optional[str] = ..., track_opens: _Optional[bool] = ..., track_clicks: _Optional[bool] = ..., attachments: _Optional[_Iterable[str]] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ...) -> None: ...

class SendEmailOutput(_message.Message):
    __slots__ = ("message_id", "to", "subject")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    to: str
    subject: str
    def __init__(self, message_id: _Optional[str] = ..., to: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...
