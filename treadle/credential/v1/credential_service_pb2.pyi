from treadle.credential.v1 import credential_pb2 as _credential_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SetCredentialRequest(_message.Message):
    __slots__ = ("name", "secret", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    secret: _credential_pb2.Secret
    etag: str
    def __init__(self, name: _Optional[str] = ..., secret: _Optional[_Union[_credential_pb2.Secret, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class SetCredentialResponse(_message.Message):
    __slots__ = ("credential",)
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    credential: _credential_pb2.Credential
    def __init__(self, credential: _Optional[_Union[_credential_pb2.Credential, _Mapping]] = ...) -> None: ...

class GetCredentialRequest(_message.Message):
    __slots__ = ("provider", "name")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    provider: _credential_pb2.Provider
    name: str
    def __init__(self, provider: _Optional[_Union[_credential_pb2.Provider, str]] = ..., name: _Optional[str] = ...) -> None: ...

class GetCredentialResponse(_message.Message):
    __slots__ = ("credential",)
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    credential: _credential_pb2.Credential
    def __init__(self, credential: _Optional[_Union[_credential_pb2.Credential, _Mapping]] = ...) -> None: ...

class ListCredentialsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListCredentialsResponse(_message.Message):
    __slots__ = ("credentials",)
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    credentials: _containers.RepeatedCompositeFieldContainer[_credential_pb2.Credential]
    def __init__(self, credentials: _Optional[_Iterable[_Union[_credential_pb2.Credential, _Mapping]]] = ...) -> None: ...

class DeleteCredentialRequest(_message.Message):
    __slots__ = ("provider", "name", "etag")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    provider: _credential_pb2.Provider
    name: str
    etag: str
    def __init__(self, provider: _Optional[_Union[_credential_pb2.Provider, str]] = ..., name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteCredentialResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResolveCredentialRequest(_message.Message):
    __slots__ = ("account_id", "provider", "name")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    provider: _credential_pb2.Provider
    name: str
    def __init__(self, account_id: _Optional[str] = ..., provider: _Optional[_Union[_credential_pb2.Provider, str]] = ..., name: _Optional[str] = ...) -> None: ...

class ResolveCredentialResponse(_message.Message):
    __slots__ = ("secret", "etag")
    SECRET_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    secret: _credential_pb2.Secret
    etag: str
    def __init__(self, secret: _Optional[_Union[_credential_pb2.Secret, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class RotateWebhookSigningRequest(_message.Message):
    __slots__ = ("etag",)
    ETAG_FIELD_NUMBER: _ClassVar[int]
    etag: str
    def __init__(self, etag: _Optional[str] = ...) -> None: ...

class RotateWebhookSigningResponse(_message.Message):
    __slots__ = ("credential", "secret")
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    credential: _credential_pb2.Credential
    secret: str
    def __init__(self, credential: _Optional[_Union[_credential_pb2.Credential, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class OpenSecretsRequest(_message.Message):
    __slots__ = ("account_id", "sealed")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    sealed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, account_id: _Optional[str] = ..., sealed: _Optional[_Iterable[str]] = ...) -> None: ...

class OpenSecretsResponse(_message.Message):
    __slots__ = ("secrets",)
    SECRETS_FIELD_NUMBER: _ClassVar[int]
    secrets: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, secrets: _Optional[_Iterable[str]] = ...) -> None: ...
