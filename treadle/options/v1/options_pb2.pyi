from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ActionCategory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTION_CATEGORY_UNSPECIFIED: _ClassVar[ActionCategory]
    ACTION_CATEGORY_COMMUNICATION: _ClassVar[ActionCategory]
    ACTION_CATEGORY_CRM: _ClassVar[ActionCategory]
    ACTION_CATEGORY_TIMING: _ClassVar[ActionCategory]
    ACTION_CATEGORY_INTERNAL: _ClassVar[ActionCategory]
    ACTION_CATEGORY_CODE: _ClassVar[ActionCategory]
    ACTION_CATEGORY_MEMBERSHIP: _ClassVar[ActionCategory]
    ACTION_CATEGORY_PAYMENTS: _ClassVar[ActionCategory]

class IdempotencyClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDEMPOTENCY_CLASS_UNSPECIFIED: _ClassVar[IdempotencyClass]
    IDEMPOTENCY_CLASS_TRANSACTIONAL: _ClassVar[IdempotencyClass]
    IDEMPOTENCY_CLASS_KEYED: _ClassVar[IdempotencyClass]
    IDEMPOTENCY_CLASS_CLAIMED: _ClassVar[IdempotencyClass]
    IDEMPOTENCY_CLASS_REPEATABLE: _ClassVar[IdempotencyClass]

class RetryClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETRY_CLASS_UNSPECIFIED: _ClassVar[RetryClass]
    RETRY_CLASS_STANDARD: _ClassVar[RetryClass]
    RETRY_CLASS_CONFIGURED: _ClassVar[RetryClass]
    RETRY_CLASS_NEVER: _ClassVar[RetryClass]

class FieldKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FIELD_KIND_UNSPECIFIED: _ClassVar[FieldKind]
    FIELD_KIND_EMAIL: _ClassVar[FieldKind]
    FIELD_KIND_PHONE: _ClassVar[FieldKind]
    FIELD_KIND_URL: _ClassVar[FieldKind]
    FIELD_KIND_TIME_OF_DAY: _ClassVar[FieldKind]
    FIELD_KIND_COLOR: _ClassVar[FieldKind]
    FIELD_KIND_UUID: _ClassVar[FieldKind]
    FIELD_KIND_TAG: _ClassVar[FieldKind]
    FIELD_KIND_CONTACT_FIELD: _ClassVar[FieldKind]
    FIELD_KIND_SECRET: _ClassVar[FieldKind]
    FIELD_KIND_LONG_TEXT: _ClassVar[FieldKind]
    FIELD_KIND_HTTP_HEADER_NAME: _ClassVar[FieldKind]
    FIELD_KIND_HTTP_HEADER: _ClassVar[FieldKind]
    FIELD_KIND_SCALAR: _ClassVar[FieldKind]
    FIELD_KIND_NUMBER: _ClassVar[FieldKind]
    FIELD_KIND_CURRENCY: _ClassVar[FieldKind]
    FIELD_KIND_CUSTOM_FIELDS: _ClassVar[FieldKind]
    FIELD_KIND_DATE_TIME: _ClassVar[FieldKind]
    FIELD_KIND_PUBLIC_URL: _ClassVar[FieldKind]
    FIELD_KIND_EVENT_TYPE: _ClassVar[FieldKind]

class ReferenceKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFERENCE_KIND_UNSPECIFIED: _ClassVar[ReferenceKind]
    REFERENCE_KIND_EMAIL_TEMPLATE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_WORKFLOW_ACTION: _ClassVar[ReferenceKind]
    REFERENCE_KIND_WORKFLOW_BRANCH: _ClassVar[ReferenceKind]
    REFERENCE_KIND_USER: _ClassVar[ReferenceKind]
    REFERENCE_KIND_TEAM: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CAMPAIGN: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CAMPAIGN_STEP: _ClassVar[ReferenceKind]
    REFERENCE_KIND_PIPELINE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_PIPELINE_STAGE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_OPPORTUNITY: _ClassVar[ReferenceKind]
    REFERENCE_KIND_COURSE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_CONTACT: _ClassVar[ReferenceKind]
    REFERENCE_KIND_WORKFLOW: _ClassVar[ReferenceKind]
    REFERENCE_KIND_MESSENGER_PAGE: _ClassVar[ReferenceKind]
    REFERENCE_KIND_AUDIO_FILE: _ClassVar[ReferenceKind]
ACTION_CATEGORY_UNSPECIFIED: ActionCategory
ACTION_CATEGORY_COMMUNICATION: ActionCategory
ACTION_CATEGORY_CRM: ActionCategory
ACTION_CATEGORY_TIMING: ActionCategory
ACTION_CATEGORY_INTERNAL: ActionCategory
ACTION_CATEGORY_CODE: ActionCategory
ACTION_CATEGORY_MEMBERSHIP: ActionCategory
ACTION_CATEGORY_PAYMENTS: ActionCategory
IDEMPOTENCY_CLASS_UNSPECIFIED: IdempotencyClass
IDEMPOTENCY_CLASS_TRANSACTIONAL: IdempotencyClass
IDEMPOTENCY_CLASS_KEYED: IdempotencyClass
IDEMPOTENCY_CLASS_CLAIMED: IdempotencyClass
IDEMPOTENCY_CLASS_REPEATABLE: IdempotencyClass
RETRY_CLASS_UNSPECIFIED: RetryClass
RETRY_CLASS_STANDARD: RetryClass
RETRY_CLASS_CONFIGURED: RetryClass
RETRY_CLASS_NEVER: RetryClass
FIELD_KIND_UNSPECIFIED: FieldKind
FIELD_KIND_EMAIL: FieldKind
FIELD_KIND_PHONE: FieldKind
FIELD_KIND_URL: FieldKind
FIELD_KIND_TIME_OF_DAY: FieldKind
FIELD_KIND_COLOR: FieldKind
FIELD_KIND_UUID: FieldKind
FIELD_KIND_TAG: FieldKind
FIELD_KIND_CONTACT_FIELD: FieldKind
FIELD_KIND_SECRET: FieldKind
FIELD_KIND_LONG_TEXT: FieldKind
FIELD_KIND_HTTP_HEADER_NAME: FieldKind
FIELD_KIND_HTTP_HEADER: FieldKind
FIELD_KIND_SCALAR: FieldKind
FIELD_KIND_NUMBER: FieldKind
FIELD_KIND_CURRENCY: FieldKind
FIELD_KIND_CUSTOM_FIELDS: FieldKind
FIELD_KIND_DATE_TIME: FieldKind
FIELD_KIND_PUBLIC_URL: FieldKind
FIELD_KIND_EVENT_TYPE: FieldKind
REFERENCE_KIND_UNSPECIFIED: ReferenceKind
REFERENCE_KIND_EMAIL_TEMPLATE: ReferenceKind
REFERENCE_KIND_WORKFLOW_ACTION: ReferenceKind
REFERENCE_KIND_WORKFLOW_BRANCH: ReferenceKind
REFERENCE_KIND_USER: ReferenceKind
REFERENCE_KIND_TEAM: ReferenceKind
REFERENCE_KIND_CAMPAIGN: ReferenceKind
REFERENCE_KIND_CAMPAIGN_STEP: ReferenceKind
REFERENCE_KIND_PIPELINE: ReferenceKind
REFERENCE_KIND_PIPELINE_STAGE: ReferenceKind
REFERENCE_KIND_OPPORTUNITY: ReferenceKind
REFERENCE_KIND_COURSE: ReferenceKind
REFERENCE_KIND_CONTACT: ReferenceKind
REFERENCE_KIND_WORKFLOW: ReferenceKind
REFERENCE_KIND_MESSENGER_PAGE: ReferenceKind
REFERENCE_KIND_AUDIO_FILE: ReferenceKind
PERMISSION_FIELD_NUMBER: _ClassVar[int]
permission: _descriptor.FieldDescriptor
ACTION_FIELD_NUMBER: _ClassVar[int]
action: _descriptor.FieldDescriptor
RULES_FIELD_NUMBER: _ClassVar[int]
rules: _descriptor.FieldDescriptor
FIELD_FIELD_NUMBER: _ClassVar[int]
field: _descriptor.FieldDescriptor
JSON_VALUE_FIELD_NUMBER: _ClassVar[int]
json_value: _descriptor.FieldDescriptor

class ActionOptions(_message.Message):
    __slots__ = ("category", "label", "help", "idempotency", "retry", "output", "required_when", "reads", "forbidden_when", "variants")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_FIELD_NUMBER: _ClassVar[int]
    RETRY_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_WHEN_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    FORBIDDEN_WHEN_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    category: ActionCategory
    label: str
    help: str
    idempotency: IdempotencyClass
    retry: RetryClass
    output: str
    required_when: _containers.RepeatedCompositeFieldContainer[RequiredWhen]
    reads: _containers.RepeatedScalarFieldContainer[str]
    forbidden_when: _containers.RepeatedCompositeFieldContainer[ForbiddenWhen]
    variants: _containers.RepeatedCompositeFieldContainer[Variants]
    def __init__(self, category: _Optional[_Union[ActionCategory, str]] = ..., label: _Optional[str] = ..., help: _Optional[str] = ..., idempotency: _Optional[_Union[IdempotencyClass, str]] = ..., retry: _Optional[_Union[RetryClass, str]] = ..., output: _Optional[str] = ..., required_when: _Optional[_Iterable[_Union[RequiredWhen, _Mapping]]] = ..., reads: _Optional[_Iterable[str]] = ..., forbidden_when: _Optional[_Iterable[_Union[ForbiddenWhen, _Mapping]]] = ..., variants: _Optional[_Iterable[_Union[Variants, _Mapping]]] = ...) -> None: ...

class Variants(_message.Message):
    __slots__ = ("field", "other_field", "variants")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    field: str
    other_field: str
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    def __init__(self, field: _Optional[str] = ..., other_field: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ...) -> None: ...

class Variant(_message.Message):
    __slots__ = ("value", "message")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    value: str
    message: str
    def __init__(self, value: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class MessageRules(_message.Message):
    __slots__ = ("required_when", "forbidden_when", "any_of")
    REQUIRED_WHEN_FIELD_NUMBER: _ClassVar[int]
    FORBIDDEN_WHEN_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    required_when: _containers.RepeatedCompositeFieldContainer[RequiredWhen]
    forbidden_when: _containers.RepeatedCompositeFieldContainer[ForbiddenWhen]
    any_of: _containers.RepeatedCompositeFieldContainer[AnyOf]
    def __init__(self, required_when: _Optional[_Iterable[_Union[RequiredWhen, _Mapping]]] = ..., forbidden_when: _Optional[_Iterable[_Union[ForbiddenWhen, _Mapping]]] = ..., any_of: _Optional[_Iterable[_Union[AnyOf, _Mapping]]] = ...) -> None: ...

class AnyOf(_message.Message):
    __slots__ = ("fields",)
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, fields: _Optional[_Iterable[str]] = ...) -> None: ...

class RequiredWhen(_message.Message):
    __slots__ = ("field", "other_field", "values")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    field: str
    other_field: str
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, field: _Optional[str] = ..., other_field: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ...) -> None: ...

class ForbiddenWhen(_message.Message):
    __slots__ = ("field", "other_field", "values", "field_values")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FIELD_VALUES_FIELD_NUMBER: _ClassVar[int]
    field: str
    other_field: str
    values: _containers.RepeatedScalarFieldContainer[str]
    field_values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, field: _Optional[str] = ..., other_field: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., field_values: _Optional[_Iterable[str]] = ...) -> None: ...

class Meaning(_message.Message):
    __slots__ = ("other_field", "value", "kind", "reference")
    OTHER_FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    other_field: str
    value: str
    kind: FieldKind
    reference: ReferenceKind
    def __init__(self, other_field: _Optional[str] = ..., value: _Optional[str] = ..., kind: _Optional[_Union[FieldKind, str]] = ..., reference: _Optional[_Union[ReferenceKind, str]] = ...) -> None: ...

class FieldRules(_message.Message):
    __slots__ = ("kind", "required", "template", "label", "help", "min_length", "max_length", "minimum", "maximum", "min_items", "max_items", "reference", "example", "editable", "create_only", "reference_parent", "template_roots", "meanings", "max_rendered_length")
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    MIN_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    MIN_ITEMS_FIELD_NUMBER: _ClassVar[int]
    MAX_ITEMS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_FIELD_NUMBER: _ClassVar[int]
    EDITABLE_FIELD_NUMBER: _ClassVar[int]
    CREATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_PARENT_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_ROOTS_FIELD_NUMBER: _ClassVar[int]
    MEANINGS_FIELD_NUMBER: _ClassVar[int]
    MAX_RENDERED_LENGTH_FIELD_NUMBER: _ClassVar[int]
    kind: FieldKind
    required: bool
    template: bool
    label: str
    help: str
    min_length: int
    max_length: int
    minimum: int
    maximum: int
    min_items: int
    max_items: int
    reference: ReferenceKind
    example: str
    editable: bool
    create_only: bool
    reference_parent: str
    template_roots: _containers.RepeatedScalarFieldContainer[str]
    meanings: _containers.RepeatedCompositeFieldContainer[Meaning]
    max_rendered_length: int
    def __init__(self, kind: _Optional[_Union[FieldKind, str]] = ..., required: _Optional[bool] = ..., template: _Optional[bool] = ..., label: _Optional[str] = ..., help: _Optional[str] = ..., min_length: _Optional[int] = ..., max_length: _Optional[int] = ..., minimum: _Optional[int] = ..., maximum: _Optional[int] = ..., min_items: _Optional[int] = ..., max_items: _Optional[int] = ..., reference: _Optional[_Union[ReferenceKind, str]] = ..., example: _Optional[str] = ..., editable: _Optional[bool] = ..., create_only: _Optional[bool] = ..., reference_parent: _Optional[str] = ..., template_roots: _Optional[_Iterable[str]] = ..., meanings: _Optional[_Iterable[_Union[Meaning, _Mapping]]] = ..., max_rendered_length: _Optional[int] = ...) -> None: ...
