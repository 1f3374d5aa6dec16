import datetime

from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.record.v1 import messenger_pb2 as _messenger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateMessengerPageRequest(_message.Message):
    __slots__ = ("messenger_page", "request_id")
    MESSENGER_PAGE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    messenger_page: _messenger_pb2.MessengerPage
    request_id: str
    def __init__(self, messenger_page: _Optional[_Union[_messenger_pb2.MessengerPage, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateMessengerPageResponse(_message.Message):
    __slots__ = ("messenger_page",)
    MESSENGER_PAGE_FIELD_NUMBER: _ClassVar[int]
    messenger_page: _messenger_pb2.MessengerPage
    def __init__(self, messenger_page: _Optional[_Union[_messenger_pb2.MessengerPage, _Mapping]] = ...) -> None: ...

class GetMessengerPageRequest(_message.Message):
    __slots__ = ("messenger_page_id",)
    MESSENGER_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    messenger_page_id: str
    def __init__(self, messenger_page_id: _Optional[str] = ...) -> None: ...

class GetMessengerPageResponse(_message.Message):
    __slots__ = ("messenger_page",)
    MESSENGER_PAGE_FIELD_NUMBER: _ClassVar[int]
    messenger_page: _messenger_pb2.MessengerPage
    def __init__(self, messenger_page: _Optional[_Union[_messenger_pb2.MessengerPage, _Mapping]] = ...) -> None: ...

class ListMessengerPagesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMessengerPagesResponse(_message.Message):
    __slots__ = ("messenger_pages", "next_page_token")
    MESSENGER_PAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    messenger_pages: _containers.RepeatedCompositeFieldContainer[_messenger_pb2.MessengerPage]
    next_page_token: str
    def __init__(self, messenger_pages: _Optional[_Iterable[_Union[_messenger_pb2.MessengerPage, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateMessengerPageRequest(_message.Message):
    __slots__ = ("messenger_page_id", "messenger_page", "update_mask", "etag")
    MESSENGER_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MESSENGER_PAGE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    messenger_page_id: str
    messenger_page: _messenger_pb2.MessengerPage
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    def __init__(self, messenger_page_id: _Optional[str] = ..., messenger_page: _Optional[_Union[_messenger_pb2.MessengerPage, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateMessengerPageResponse(_message.Message):
    __slots__ = ("messenger_page",)
    MESSENGER_PAGE_FIELD_NUMBER: _ClassVar[int]
    messenger_page: _messenger_pb2.MessengerPage
    def __init__(self, messenger_page: _Optional[_Union[_messenger_pb2.MessengerPage, _Mapping]] = ...) -> None: ...

class DeleteMessengerPageRequest(_message.Message):
    __slots__ = ("messenger_page_id", "etag")
    MESSENGER_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    messenger_page_id: str
    etag: str
    def __init__(self, messenger_page_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteMessengerPageResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateMessengerIdentityRequest(_message.Message):
    __slots__ = ("messenger_identity", "request_id")
    MESSENGER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    messenger_identity: _messenger_pb2.MessengerIdentity
    request_id: str
    def __init__(self, messenger_identity: _Optional[_Union[_messenger_pb2.MessengerIdentity, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateMessengerIdentityResponse(_message.Message):
    __slots__ = ("messenger_identity",)
    MESSENGER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    messenger_identity: _messenger_pb2.MessengerIdentity
    def __init__(self, messenger_identity: _Optional[_Union[_messenger_pb2.MessengerIdentity, _Mapping]] = ...) -> None: ...

class GetMessengerIdentityRequest(_message.Message):
    __slots__ = ("messenger_identity_id",)
    MESSENGER_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    messenger_identity_id: str
    def __init__(self, messenger_identity_id: _Optional[str] = ...) -> None: ...

class GetMessengerIdentityResponse(_message.Message):
    __slots__ = ("messenger_identity",)
    MESSENGER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    messenger_identity: _messenger_pb2.MessengerIdentity
    def __init__(self, messenger_identity: _Optional[_Union[_messenger_pb2.MessengerIdentity, _Mapping]] = ...) -> None: ...

class ListMessengerIdentitiesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "messenger_page_id", "contact_id", "psid", "unlinked_only")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MESSENGER_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    PSID_FIELD_NUMBER: _ClassVar[int]
    UNLINKED_ONLY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    messenger_page_id: str
    contact_id: str
    psid: str
    unlinked_only: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., messenger_page_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., psid: _Optional[str] = ..., unlinked_only: _Optional[bool] = ...) -> None: ...

class ListMessengerIdentitiesResponse(_message.Message):
    __slots__ = ("messenger_identities", "next_page_token")
    MESSENGER_IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    messenger_identities: _containers.RepeatedCompositeFieldContainer[_messenger_pb2.MessengerIdentity]
    next_page_token: str
    def __init__(self, messenger_identities: _Optional[_Iterable[_Union[_messenger_pb2.MessengerIdentity, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateMessengerIdentityRequest(_message.Message):
    __slots__ = ("messenger_identity_id", "messenger_identity", "update_mask", "etag")
    MESSENGER_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    MESSENGER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    messenger_identity_id: str
    messenger_identity: _messenger_pb2.MessengerIdentity
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    def __init__(self, messenger_identity_id: _Optional[str] = ..., messenger_identity: _Optional[_Union[_messenger_pb2.MessengerIdentity, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateMessengerIdentityResponse(_message.Message):
    __slots__ = ("messenger_identity",)
    MESSENGER_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    messenger_identity: _messenger_pb2.MessengerIdentity
    def __init__(self, messenger_identity: _Optional[_Union[_messenger_pb2.MessengerIdentity, _Mapping]] = ...) -> None: ...

class DeleteMessengerIdentityRequest(_message.Message):
    __slots__ = ("messenger_identity_id", "etag")
    MESSENGER_IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    messenger_identity_id: str
    etag: str
    def __init__(self, messenger_identity_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteMessengerIdentityResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResolveConversationRequest(_message.Message):
    __slots__ = ("account_id", "messenger_page_id", "contact_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    MESSENGER_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    messenger_page_id: str
    contact_id: str
    def __init__(self, account_id: _Optional[str] = ..., messenger_page_id: _Optional[str] = ..., contact_id: _Optional[str] = ...) -> None: ...

class ResolveConversationResponse(_message.Message):
    __slots__ = ("facebook_page_id", "credential", "page_name", "psid", "last_message_at")
    FACEBOOK_PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_NAME_FIELD_NUMBER: _ClassVar[int]
    PSID_FIELD_NUMBER: _ClassVar[int]
    LAST_MESSAGE_AT_FIELD_NUMBER: _ClassVar[int]
    facebook_page_id: str
    credential: str
    page_name: str
    psid: str
    last_message_at: _timestamp_pb2.Timestamp
    def __init__(self, facebook_page_id: _Optional[str] = ..., credential: _Optional[str] = ..., page_name: _Optional[str] = ..., psid: _Optional[str] = ..., last_message_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
