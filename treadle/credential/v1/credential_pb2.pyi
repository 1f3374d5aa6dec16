import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Provider(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROVIDER_UNSPECIFIED: _ClassVar[Provider]
    PROVIDER_SENDGRID: _ClassVar[Provider]
    PROVIDER_TWILIO: _ClassVar[Provider]
    PROVIDER_STRIPE: _ClassVar[Provider]
    PROVIDER_FACEBOOK_PAGE: _ClassVar[Provider]
    PROVIDER_WEBHOOK_SIGNING: _ClassVar[Provider]
PROVIDER_UNSPECIFIED: Provider
PROVIDER_SENDGRID: Provider
PROVIDER_TWILIO: Provider
PROVIDER_STRIPE: Provider
PROVIDER_FACEBOOK_PAGE: Provider
PROVIDER_WEBHOOK_SIGNING: Provider

class SendgridSecret(_message.Message):
    __slots__ = ("api_key", "webhook_public_key")
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    webhook_public_key: str
    def __init__(self, api_key: _Optional[str] = ..., webhook_public_key: _Optional[str] = ...) -> None: ...

class TwilioSecret(_message.Message):
    __slots__ = ("account_sid", "auth_token")
    ACCOUNT_SID_FIELD_NUMBER: _ClassVar[int]
    AUTH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_sid: str
    auth_token: str
    def __init__(self, account_sid: _Optional[str] = ..., auth_token: _Optional[str] = ...) -> None: ...

class StripeSecret(_message.Message):
    __slots__ = ("secret_key", "webhook_secret")
    SECRET_KEY_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_SECRET_FIELD_NUMBER: _ClassVar[int]
    secret_key: str
    webhook_secret: str
    def __init__(self, secret_key: _Optional[str] = ..., webhook_secret: _Optional[str] = ...) -> None: ...

class FacebookPageSecret(_message.Message):
    __slots__ = ("page_id", "access_token", "app_secret")
    PAGE_ID_FIELD_NUMBER: _ClassVar[int]
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    APP_SECRET_FIELD_NUMBER: _ClassVar[int]
    page_id: str
    access_token: str
    app_secret: str
    def __init__(self, page_id: _Optional[str] = ..., access_token: _Optional[str] = ..., app_secret: _Optional[str] = ...) -> None: ...

class WebhookSigningSecret(_message.Message):
    __slots__ = ("secret", "previous_secret", "previous_valid_until")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SECRET_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    secret: str
    previous_secret: str
    previous_valid_until: _timestamp_pb2.Timestamp
    def __init__(self, secret: _Optional[str] = ..., previous_secret: _Optional[str] = ..., previous_valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Secret(_message.Message):
    __slots__ = ("sendgrid", "twilio", "stripe", "facebook_page", "webhook_signing")
    SENDGRID_FIELD_NUMBER: _ClassVar[int]
    TWILIO_FIELD_NUMBER: _ClassVar[int]
    STRIPE_FIELD_NUMBER: _ClassVar[int]
    FACEBOOK_PAGE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_SIGNING_FIELD_NUMBER: _ClassVar[int]
    sendgrid: SendgridSecret
    twilio: TwilioSecret
    stripe: StripeSecret
    facebook_page: FacebookPageSecret
    webhook_signing: WebhookSigningSecret
    def __init__(self, sendgrid: _Optional[_Union[SendgridSecret, _Mapping]] = ..., twilio: _Optional[_Union[TwilioSecret, _Mapping]] = ..., stripe: _Optional[_Union[StripeSecret, _Mapping]] = ..., facebook_page: _Optional[_Union[FacebookPageSecret, _Mapping]] = ..., webhook_signing: _Optional[_Union[WebhookSigningSecret, _Mapping]] = ...) -> None: ...

class Credential(_message.Message):
    __slots__ = ("provider", "name", "hint", "created_at", "updated_at", "etag")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HINT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    provider: Provider
    name: str
    hint: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, provider: _Optional[_Union[Provider, str]] = ..., name: _Optional[str] = ..., hint: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...
