from google.protobuf import field_mask_pb2 as _field_mask_pb2
from treadle.options.v1 import options_pb2 as _options_pb2
from treadle.workflow.v1 import action_pb2 as _action_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddActionRequest(_message.Message):
    __slots__ = ("workflow_id", "action_type", "config", "position", "previous_action_id", "branch_id", "name", "is_enabled", "on_error", "fallback_action_id", "request_id", "allow_incomplete")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_ENABLED_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    action_type: str
    config: _action_pb2.ActionConfig
    position: int
    previous_action_id: str
    branch_id: str
    name: str
    is_enabled: bool
    on_error: _action_pb2.OnError
    fallback_action_id: str
    request_id: str
    allow_incomplete: bool
    def __init__(self, workflow_id: _Optional[str] = ..., action_type: _Optional[str] = ..., config: _Optional[_Union[_action_pb2.ActionConfig, _Mapping]] = ..., position: _Optional[int] = ..., previous_action_id: _Optional[str] = ..., branch_id: _Optional[str] = ..., name: _Optional[str] = ..., is_enabled: _Optional[bool] = ..., on_error: _Optional[_Union[_action_pb2.OnError, str]] = ..., fallback_action_id: _Optional[str] = ..., request_id: _Optional[str] = ..., allow_incomplete: _Optional[bool] = ...) -> None: ...

class AddActionResponse(_message.Message):
    __slots__ = ("action",)
    ACTION_FIELD_NUMBER: _ClassVar[int]
    action: _action_pb2.Action
    def __init__(self, action: _Optional[_Union[_action_pb2.Action, _Mapping]] = ...) -> None: ...

class GetActionRequest(_message.Message):
    __slots__ = ("workflow_id", "action_id")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    action_id: str
    def __init__(self, workflow_id: _Optional[str] = ..., action_id: _Optional[str] = ...) -> None: ...

class GetActionResponse(_message.Message):
    __slots__ = ("action",)
    ACTION_FIELD_NUMBER: _ClassVar[int]
    action: _action_pb2.Action
    def __init__(self, action: _Optional[_Union[_action_pb2.Action, _Mapping]] = ...) -> None: ...

class ListActionsRequest(_message.Message):
    __slots__ = ("workflow_id", "page_size", "page_token", "branch_id")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    page_size: int
    page_token: str
    branch_id: str
    def __init__(self, workflow_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., branch_id: _Optional[str] = ...) -> None: ...

class ListActionsResponse(_message.Message):
    __slots__ = ("actions", "next_page_token")
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    actions: _containers.RepeatedCompositeFieldContainer[_action_pb2.Action]
    next_page_token: str
    def __init__(self, actions: _Optional[_Iterable[_Union[_action_pb2.Action, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateActionRequest(_message.Message):
    __slots__ = ("workflow_id", "action_id", "config", "name", "is_enabled", "on_error", "fallback_action_id", "update_mask", "etag", "allow_incomplete")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    IS_ENABLED_FIELD_NUMBER: _ClassVar[int]
    ON_ERROR_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    ALLOW_INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    action_id: str
    config: _action_pb2.ActionConfig
    name: str
    is_enabled: bool
    on_error: _action_pb2.OnError
    fallback_action_id: str
    update_mask: _field_mask_pb2.FieldMask
    etag: str
    allow_incomplete: bool
    def __init__(self, workflow_id: _Optional[str] = ..., action_id: _Optional[str] = ..., config: _Optional[_Union[_action_pb2.ActionConfig, _Mapping]] = ..., name: _Optional[str] = ..., is_enabled: _Optional[bool] = ..., on_error: _Optional[_Union[_action_pb2.OnError, str]] = ..., fallback_action_id: _Optional[str] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., etag: _Optional[str] = ..., allow_incomplete: _Optional[bool] = ...) -> None: ...

class UpdateActionResponse(_message.Message):
    __slots__ = ("action",)
    ACTION_FIELD_NUMBER: _ClassVar[int]
    action: _action_pb2.Action
    def __init__(self, action: _Optional[_Union[_action_pb2.Action, _Mapping]] = ...) -> None: ...

class DeleteActionRequest(_message.Message):
    __slots__ = ("workflow_id", "action_id", "etag")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    action_id: str
    etag: str
    def __init__(self, workflow_id: _Optional[str] = ..., action_id: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteActionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReorderActionsRequest(_message.Message):
    __slots__ = ("workflow_id", "branch_id", "action_ids", "etag")
    WORKFLOW_ID_FIELD_NUMBER: _ClassVar[int]
    BRANCH_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_IDS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    workflow_id: str
    branch_id: str
    action_ids: _containers.RepeatedScalarFieldContainer[str]
    etag: str
    def __init__(self, workflow_id: _Optional[str] = ..., branch_id: _Optional[str] = ..., action_ids: _Optional[_Iterable[str]] = ..., etag: _Optional[str] = ...) -> None: ...

class ReorderActionsResponse(_message.Message):
    __slots__ = ("actions",)
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    actions: _containers.RepeatedCompositeFieldContainer[_action_pb2.Action]
    def __init__(self, actions: _Optional[_Iterable[_Union[_action_pb2.Action, _Mapping]]] = ...) -> None: ...
