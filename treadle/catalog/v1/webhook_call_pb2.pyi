from google.protobuf import struct_pb2 as _struct_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HttpMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HTTP_METHOD_UNSPECIFIED: _ClassVar[HttpMethod]
    HTTP_METHOD_GET: _ClassVar[HttpMethod]
    HTTP_METHOD_POST: _ClassVar[HttpMethod]
    HTTP_METHOD_PUT: _ClassVar[HttpMethod]
    HTTP_METHOD_PATCH: _ClassVar[HttpMethod]
    HTTP_METHOD_DELETE: _ClassVar[HttpMethod]

class WebhookAuthType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEBHOOK_AUTH_TYPE_UNSPECIFIED: _ClassVar[WebhookAuthType]
    WEBHOOK_AUTH_TYPE_NONE: _ClassVar[WebhookAuthType]
    WEBHOOK_AUTH_TYPE_BASIC: _ClassVar[WebhookAuthType]
    WEBHOOK_AUTH_TYPE_BEARER: _ClassVar[WebhookAuthType]
    WEBHOOK_AUTH_TYPE_API_KEY: _ClassVar[WebhookAuthType]
HTTP_METHOD_UNSPECIFIED: HttpMethod
HTTP_METHOD_GET: HttpMethod
HTTP_METHOD_POST: HttpMethod
HTTP_METHOD_PUT: HttpMethod
HTTP_METHOD_PATCH: HttpMethod
HTTP_METHOD_DELETE: HttpMethod
WEBHOOK_AUTH_TYPE_UNSPECIFIED: WebhookAuthType
WEBHOOK_AUTH_TYPE_NONE: WebhookAuthType
WEBHOOK_AUTH_TYPE_BASIC: WebhookAuthType
WEBHOOK_AUTH_TYPE_BEARER: WebhookAuthType
WEBHOOK_AUTH_TYPE_API_KEY: WebhookAuthType

class WebhookCallConfig(_message.Message):
    __slots__ = ("url", "method", "headers", "payload", "auth_type", "auth_config", "timeout_seconds", "retry_on_failure", "max_retries", "store_response")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    URL_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    AUTH_TYPE_FIELD_NUMBER: _ClassVar[int]
    AUTH_CONFIG_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RETRY_ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRIES_FIELD_NUMBER: _ClassVar[int]
    STORE_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    url: str
    method: HttpMethod
    headers: _containers.ScalarMap[str, str]
    payload: _struct_pb2.Struct
    auth_type: WebhookAuthType
    auth_config: WebhookAuthConfig
    timeout_seconds: int
    retry_on_failure: bool
    max_retries: int
    store_response: bool
    def __init__(self, url: _Optional[str] = ..., method: _Optional[_Union[HttpMethod, str]] = ..., headers: _Optional[_Mapping[str, str]] = ..., payload: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., auth_type: _Optional[_Union[WebhookAuthType, str]] = ..., auth_config: _Optional[_Union[WebhookAuthConfig, _Mapping]] = ..., timeout_seconds: _Optional[int] = ..., retry_on_failure: _Optional[bool] = ..., max_retries: _Optional[int] = ..., store_response: _Optional[bool] = ...) -> None: ...

class WebhookAuthConfig(_message.Message):
    __slots__ = ("username", "password", "token", "header", "key")
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    username: str
    password: str
    token: str
    header: str
    key: str
    def __init__(self, username: _Optional[str] = ..., password: _Optional[str] = ..., token: _Optional[str] = ..., header: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class WebhookCallOutput(_message.Message):
    __slots__ = ("status_code", "response")
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    status_code: int
    response: _struct_pb2.Value
    def __init__(self, status_code: _Optional[int] = ..., response: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
