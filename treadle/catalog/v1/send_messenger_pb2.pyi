from google.protobuf import struct_pb2 as _struct_pb2
from treadle.catalog.v1 import send_purpose_pb2 as _send_purpose_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MessengerMessageType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_MESSAGE_TYPE_UNSPECIFIED: _ClassVar[MessengerMessageType]
    MESSENGER_MESSAGE_TYPE_TEXT: _ClassVar[MessengerMessageType]
    MESSENGER_MESSAGE_TYPE_IMAGE: _ClassVar[MessengerMessageType]
    MESSENGER_MESSAGE_TYPE_TEMPLATE: _ClassVar[MessengerMessageType]
    MESSENGER_MESSAGE_TYPE_QUICK_REPLY: _ClassVar[MessengerMessageType]

class MessagingType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSAGING_TYPE_UNSPECIFIED: _ClassVar[MessagingType]
    MESSAGING_TYPE_RESPONSE: _ClassVar[MessagingType]
    MESSAGING_TYPE_UPDATE: _ClassVar[MessagingType]
    MESSAGING_TYPE_MESSAGE_TAG: _ClassVar[MessagingType]

class MessengerTag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_TAG_UNSPECIFIED: _ClassVar[MessengerTag]
    MESSENGER_TAG_HUMAN_AGENT: _ClassVar[MessengerTag]

class MessengerReplyType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_REPLY_TYPE_UNSPECIFIED: _ClassVar[MessengerReplyType]
    MESSENGER_REPLY_TYPE_TEXT: _ClassVar[MessengerReplyType]
    MESSENGER_REPLY_TYPE_USER_PHONE_NUMBER: _ClassVar[MessengerReplyType]
    MESSENGER_REPLY_TYPE_USER_EMAIL: _ClassVar[MessengerReplyType]

class MessengerTemplateType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_TEMPLATE_TYPE_UNSPECIFIED: _ClassVar[MessengerTemplateType]
    MESSENGER_TEMPLATE_TYPE_GENERIC: _ClassVar[MessengerTemplateType]
    MESSENGER_TEMPLATE_TYPE_BUTTON: _ClassVar[MessengerTemplateType]

class MessengerActionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_ACTION_TYPE_UNSPECIFIED: _ClassVar[MessengerActionType]
    MESSENGER_ACTION_TYPE_WEB_URL: _ClassVar[MessengerActionType]

class MessengerWebviewHeight(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_WEBVIEW_HEIGHT_UNSPECIFIED: _ClassVar[MessengerWebviewHeight]
    MESSENGER_WEBVIEW_HEIGHT_COMPACT: _ClassVar[MessengerWebviewHeight]
    MESSENGER_WEBVIEW_HEIGHT_TALL: _ClassVar[MessengerWebviewHeight]
    MESSENGER_WEBVIEW_HEIGHT_FULL: _ClassVar[MessengerWebviewHeight]

class MessengerButtonType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MESSENGER_BUTTON_TYPE_UNSPECIFIED: _ClassVar[MessengerButtonType]
    MESSENGER_BUTTON_TYPE_WEB_URL: _ClassVar[MessengerButtonType]
    MESSENGER_BUTTON_TYPE_POSTBACK: _ClassVar[MessengerButtonType]
    MESSENGER_BUTTON_TYPE_PHONE_NUMBER: _ClassVar[MessengerButtonType]
MESSENGER_MESSAGE_TYPE_UNSPECIFIED: MessengerMessageType
MESSENGER_MESSAGE_TYPE_TEXT: MessengerMessageType
MESSENGER_MESSAGE_TYPE_IMAGE: MessengerMessageType
MESSENGER_MESSAGE_TYPE_TEMPLATE: MessengerMessageType
MESSENGER_MESSAGE_TYPE_QUICK_REPLY: MessengerMessageType
MESSAGING_TYPE_UNSPECIFIED: MessagingType
MESSAGING_TYPE_RESPONSE: MessagingType
MESSAGING_TYPE_UPDATE: MessagingType
MESSAGING_TYPE_MESSAGE_TAG: MessagingType
MESSENGER_TAG_UNSPECIFIED: MessengerTag
MESSENGER_TAG_HUMAN_AGENT: MessengerTag
MESSENGER_REPLY_TYPE_UNSPECIFIED: MessengerReplyType
MESSENGER_REPLY_TYPE_TEXT: MessengerReplyType
MESSENGER_REPLY_TYPE_USER_PHONE_NUMBER: MessengerReplyType
MESSENGER_REPLY_TYPE_USER_EMAIL: MessengerReplyType
MESSENGER_TEMPLATE_TYPE_UNSPECIFIED: MessengerTemplateType
MESSENGER_TEMPLATE_TYPE_GENERIC: MessengerTemplateType
MESSENGER_TEMPLATE_TYPE_BUTTON: MessengerTemplateType
MESSENGER_ACTION_TYPE_UNSPECIFIED: MessengerActionType
MESSENGER_ACTION_TYPE_WEB_URL: MessengerActionType
MESSENGER_WEBVIEW_HEIGHT_UNSPECIFIED: MessengerWebviewHeight
MESSENGER_WEBVIEW_HEIGHT_COMPACT: MessengerWebviewHeight
MESSENGER_WEBVIEW_HEIGHT_TALL: MessengerWebviewHeight
MESSENGER_WEBVIEW_HEIGHT_FULL: MessengerWebviewHeight
MESSENGER_BUTTON_TYPE_UNSPECIFIED: MessengerButtonType
MESSENGER_BUTTON_TYPE_WEB_URL: MessengerButtonType
MESSENGER_BUTTON_TYPE_POSTBACK: MessengerButtonType
MESSENGER_BUTTON_TYPE_PHONE_NUMBER: MessengerButtonType

class SendMessengerConfig(_message.Message):
    __slots__ = ("page_id", "message_type", "content", "messaging_type", "tag", "purpose")
    PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    MESSAGING_TYPE_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    page_id: str
    message_type: MessengerMessageType
    content: _struct_pb2.Struct
    messaging_type: MessagingType
    tag: MessengerTag
    purpose: _send_purpose_pb2.SendPurpose
    def __init__(self, page_id: _Optional[str] = ..., message_type: _Optional[_Union[MessengerMessageType, str]] = ..., content: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., messaging_type: _Optional[_Union[MessagingType, str]] = ..., tag: _Optional[_Union[MessengerTag, str]] = ..., purpose: _Optional[_Union[_send_purpose_pb2.SendPurpose, str]] = ...) -> None: ...

class MessengerText(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class MessengerImage(_message.Message):
    __slots__ = ("url", "is_reusable")
    URL_FIELD_NUMBER: _ClassVar[int]
    IS_REUSABLE_FIELD_NUMBER: _ClassVar[int]
    url: str
    is_reusable: bool
    def __init__(self, url: _Optional[str] = ..., is_reusable: _Optional[bool] = ...) -> None: ...

class MessengerQuickReplies(_message.Message):
    __slots__ = ("text", "quick_replies")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    QUICK_REPLIES_FIELD_NUMBER: _ClassVar[int]
    text: str
    quick_replies: _containers.RepeatedCompositeFieldContainer[MessengerQuickReply]
    def __init__(self, text: _Optional[str] = ..., quick_replies: _Optional[_Iterable[_Union[MessengerQuickReply, _Mapping]]] = ...) -> None: ...

class MessengerQuickReply(_message.Message):
    __slots__ = ("content_type", "title", "payload", "image_url")
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    content_type: MessengerReplyType
    title: str
    payload: str
    image_url: str
    def __init__(self, content_type: _Optional[_Union[MessengerReplyType, str]] = ..., title: _Optional[str] = ..., payload: _Optional[str] = ..., image_url: _Optional[str] = ...) -> None: ...

class MessengerTemplate(_message.Message):
    __slots__ = ("template_type", "text", "buttons", "elements", "sharable")
    TEMPLATE_TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    SHARABLE_FIELD_NUMBER: _ClassVar[int]
    template_type: MessengerTemplateType
    text: str
    buttons: _containers.RepeatedCompositeFieldContainer[MessengerButton]
    elements: _containers.RepeatedCompositeFieldContainer[MessengerElement]
    sharable: bool
    def __init__(self, template_type: _Optional[_Union[MessengerTemplateType, str]] = ..., text: _Optional[str] = ..., buttons: _Optional[_Iterable[_Union[MessengerButton, _Mapping]]] = ..., elements: _Optional[_Iterable[_Union[MessengerElement, _Mapping]]] = ..., sharable: _Optional[bool] = ...) -> None: ...

class MessengerElement(_message.Message):
    __slots__ = ("title", "subtitle", "image_url", "default_action", "buttons")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SUBTITLE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_ACTION_FIELD_NUMBER: _ClassVar[int]
    BUTTONS_FIELD_NUMBER: _ClassVar[int]
    title: str
    subtitle: str
    image_url: str
    default_action: MessengerDefaultAction
    buttons: _containers.RepeatedCompositeFieldContainer[MessengerButton]
    def __init__(self, title: _Optional[str] = ..., subtitle: _Optional[str] = ..., image_url: _Optional[str] = ..., default_action: _Optional[_Union[MessengerDefaultAction, _Mapping]] = ..., buttons: _Optional[_Iterable[_Union[MessengerButton, _Mapping]]] = ...) -> None: ...

class MessengerDefaultAction(_message.Message):
    __slots__ = ("type", "url", "webview_height_ratio")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    WEBVIEW_HEIGHT_RATIO_FIELD_NUMBER: _ClassVar[int]
    type: MessengerActionType
    url: str
    webview_height_ratio: MessengerWebviewHeight
    def __init__(self, type: _Optional[_Union[MessengerActionType, str]] = ..., url: _Optional[str] = ..., webview_height_ratio: _Optional[_Union[MessengerWebviewHeight, str]] = ...) -> None: ...

class MessengerButton(_message.Message):
    __slots__ = ("type", "title", "url", "payload", "webview_height_ratio")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    WEBVIEW_HEIGHT_RATIO_FIELD_NUMBER: _ClassVar[int]
    type: MessengerButtonType
    title: str
    url: str
    payload: str
    webview_height_ratio: MessengerWebviewHeight
    def __init__(self, type: _Optional[_Union[MessengerButtonType, str]] = ..., title: _Optional[str] = ..., url: _Optional[str] = ..., payload: _Optional[str] = ..., webview_height_ratio: _Optional[_Union[MessengerWebviewHeight, str]] = ...) -> None: ...

class SendMessengerOutput(_message.Message):
    __slots__ = ("message_id", "recipient_id", "page_id", "messaging_type")
    MESSAGE_ID_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGING_TYPE_FIELD_NUMBER: _ClassVar[int]
    message_id: str
    recipient_id: str
    page_id: str
    messaging_type: str
    def __init__(self, message_id: _Optional[str] = ..., recipient_id: _Optional[str] = ..., page_id: _Optional[str] = ..., messaging_type: _Optional[str] = ...) -> None: ...
