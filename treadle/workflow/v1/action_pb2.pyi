import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from treadle.catalog.v1 import add_note_pb2 as _add_note_pb2
from treadle.catalog.v1 import add_tag_pb2 as _add_tag_pb2
from treadle.catalog.v1 import add_to_campaign_pb2 as _add_to_campaign_pb2
from treadle.catalog.v1 import assign_to_user_pb2 as _assign_to_user_pb2
from treadle.catalog.v1 import cancel_subscription_pb2 as _cancel_subscription_pb2
from treadle.catalog.v1 import charge_customer_pb2 as _charge_customer_pb2
from treadle.catalog.v1 import create_contact_pb2 as _create_contact_pb2
from treadle.catalog.v1 import create_opportunity_pb2 as _create_opportunity_pb2
from treadle.catalog.v1 import create_subscription_pb2 as _create_subscription_pb2
from treadle.catalog.v1 import create_task_pb2 as _create_task_pb2
from treadle.catalog.v1 import custom_code_pb2 as _custom_code_pb2
from treadle.catalog.v1 import grant_course_access_pb2 as _grant_course_access_pb2
from treadle.catalog.v1 import make_call_pb2 as _make_call_pb2
from treadle.catalog.v1 import move_pipeline_stage_pb2 as _move_pipeline_stage_pb2
from treadle.catalog.v1 import refund_payment_pb2 as _refund_payment_pb2
from treadle.catalog.v1 import remove_from_campaign_pb2 as _remove_from_campaign_pb2
from treadle.catalog.v1 import remove_tag_pb2 as _remove_tag_pb2
from treadle.catalog.v1 import revoke_course_access_pb2 as _revoke_course_access_pb2
from treadle.catalog.v1 import send_email_pb2 as _send_email_pb2
from treadle.catalog.v1 import send_messenger_pb2 as _send_messenger_pb2
from treadle.catalog.v1 import send_notification_pb2 as _send_notification_pb2
from treadle.catalog.v1 import send_sms_pb2 as _send_sms_pb2
from treadle.catalog.v1 import send_voicemail_pb2 as _send_voicemail_pb2
from treadle.catalog.v1 import update_contact_pb2 as _update_contact_pb2
from treadle.catalog.v1 import wait_for_event_pb2 as _wait_for_event_pb2
from treadle.catalog.v1 import wait_time_pb2 as _wait_time_pb2
from treadle.catalog.v1 import wait_until_date_pb2 as _wait_until_date_pb2
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
    __slots__ = ("send_email", "send_sms", "send_voicemail", "send_messenger", "make_call", "create_contact", "update_contact", "add_tag", "remove_tag", "add_to_campaign", "remove_from_campaign", "move_pipeline_stage", "assign_to_user", "create_task", "add_note", "wait_time", "wait_until_date", "wait_for_event", "send_notification", "create_opportunity", "webhook_call", "custom_code", "grant_course_access", "revoke_course_access", "charge_customer", "create_subscription", "cancel_subscription", "refund_payment")
    SEND_EMAIL_FIELD_NUMBER: _ClassVar[int]
    SEND_SMS_FIELD_NUMBER: _ClassVar[int]
    SEND_VOICEMAIL_FIELD_NUMBER: _ClassVar[int]
    SEND_MESSENGER_FIELD_NUMBER: _ClassVar[int]
    MAKE_CALL_FIELD_NUMBER: _ClassVar[int]
    CREATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    UPDATE_CONTACT_FIELD_NUMBER: _ClassVar[int]
    ADD_TAG_FIELD_NUMBER: _ClassVar[int]
    REMOVE_TAG_FIELD_NUMBER: _ClassVar[int]
    ADD_TO_CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FROM_CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    MOVE_PIPELINE_STAGE_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_TO_USER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TASK_FIELD_NUMBER: _ClassVar[int]
    ADD_NOTE_FIELD_NUMBER: _ClassVar[int]
    WAIT_TIME_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_DATE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FOR_EVENT_FIELD_NUMBER: _ClassVar[int]
    SEND_NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_OPPORTUNITY_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_CALL_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_CODE_FIELD_NUMBER: _ClassVar[int]
    GRANT_COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    REVOKE_COURSE_ACCESS_FIELD_NUMBER: _ClassVar[int]
    CHARGE_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    CREATE_SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CANCEL_SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    REFUND_PAYMENT_FIELD_NUMBER: _ClassVar[int]
    send_email: _send_email_pb2.SendEmailConfig
    send_sms: _send_sms_pb2.SendSmsConfig
    send_voicemail: _send_voicemail_pb2.SendVoicemailConfig
    send_messenger: _send_messenger_pb2.SendMessengerConfig
    make_call: _make_call_pb2.MakeCallConfig
    create_contact: _create_contact_pb2.CreateContactConfig
    update_contact: _update_contact_pb2.UpdateContactConfig
    add_tag: _add_tag_pb2.AddTagConfig
    remove_tag: _remove_tag_pb2.RemoveTagConfig
    add_to_campaign: _add_to_campaign_pb2.AddToCampaignConfig
    remove_from_campaign: _remove_from_campaign_pb2.RemoveFromCampaignConfig
    move_pipeline_stage: _move_pipeline_stage_pb2.MovePipelineStageConfig
    assign_to_user: _assign_to_user_pb2.AssignToUserConfig
    create_task: _create_task_pb2.CreateTaskConfig
    add_note: _add_note_pb2.AddNoteConfig
    wait_time: _wait_time_pb2.WaitTimeConfig
    wait_until_date: _wait_until_date_pb2.WaitUntilDateConfig
    wait_for_event: _wait_for_event_pb2.WaitForEventConfig
    send_notification: _send_notification_pb2.SendNotificationConfig
    create_opportunity: _create_opportunity_pb2.CreateOpportunityConfig
    webhook_call: _webhook_call_pb2.WebhookCallConfig
    custom_code: _custom_code_pb2.CustomCodeConfig
    grant_course_access: _grant_course_access_pb2.GrantCourseAccessConfig
    revoke_course_access: _revoke_course_access_pb2.RevokeCourseAccessConfig
    charge_customer: _charge_customer_pb2.ChargeCustomerConfig
    create_subscription: _create_subscription_pb2.CreateSubscriptionConfig
    cancel_subscription: _cancel_subscription_pb2.CancelSubscriptionConfig
    refund_payment: _refund_payment_pb2.RefundPaymentConfig
    def __init__(self, send_email: _Optional[_Union[_send_email_pb2.SendEmailConfig, _Mapping]] = ..., send_sms: _Optional[_Union[_send_sms_pb2.SendSmsConfig, _Mapping]] = ..., send_voicemail: _Optional[_Union[_send_voicemail_pb2.SendVoicemailConfig, _Mapping]] = ..., send_messenger: _Optional[_Union[_send_messenger_pb2.SendMessengerConfig, _Mapping]] = ..., make_call: _Optional[_Union[_make_call_pb2.MakeCallConfig, _Mapping]] = ..., create_contact: _Optional[_Union[_create_contact_pb2.CreateContactConfig, _Mapping]] = ..., update_contact: _Optional[_Union[_update_contact_pb2.UpdateContactConfig, _Mapping]] = ..., add_tag: _Optional[_Union[_add_tag_pb2.AddTagConfig, _Mapping]] = ..., remove_tag: _Optional[_Union[_remove_tag_pb2.RemoveTagConfig, _Mapping]] = ..., add_to_campaign: _Optional[_Union[_add_to_campaign_pb2.AddToCampaignConfig, _Mapping]] = ..., remove_from_campaign: _Optional[_Union[_remove_from_campaign_pb2.RemoveFromCampaignConfig, _Mapping]] = ..., move_pipeline_stage: _Optional[_Union[_move_pipeline_stage_pb2.MovePipelineStageConfig, _Mapping]] = ..., assign_to_user: _Optional[_Union[_assign_to_user_pb2.AssignToUserConfig, _Mapping]] = ..., create_task: _Optional[_Union[_create_task_pb2.CreateTaskConfig, _Mapping]] = ..., add_note: _Optional[_Union[_add_note_pb2.AddNoteConfig, _Mapping]] = ..., wait_time: _Optional[_Union[_wait_time_pb2.WaitTimeConfig, _Mapping]] = ..., wait_until_date: _Optional[_Union[_wait_until_date_pb2.WaitUntilDateConfig, _Mapping]] = ..., wait_for_event: _Optional[_Union[_wait_for_event_pb2.WaitForEventConfig, _Mapping]] = ..., send_notification: _Optional[_Union[_send_notification_pb2.SendNotificationConfig, _Mapping]] = ..., create_opportunity: _Optional[_Union[_create_opportunity_pb2.CreateOpportunityConfig, _Mapping]] = ..., webhook_call: _Optional[_Union[_webhook_call_pb2.WebhookCallConfig, _Mapping]] = ..., custom_code: _Optional[_Union[_custom_code_pb2.CustomCodeConfig, _Mapping]] = ..., grant_course_access: _Optional[_Union[_grant_course_access_pb2.GrantCourseAccessConfig, _Mapping]] = ..., revoke_course_access: _Optional[_Union[_revoke_course_access_pb2.RevokeCourseAccessConfig, _Mapping]] = ..., charge_customer: _Optional[_Union[_charge_customer_pb2.ChargeCustomerConfig, _Mapping]] = ..., create_subscription: _Optional[_Union[_create_subscription_pb2.CreateSubscriptionConfig, _Mapping]] = ..., cancel_subscription: _Optional[_Union[_cancel_subscription_pb2.CancelSubscriptionConfig, _Mapping]] = ..., refund_payment: _Optional[_Union[_refund_payment_pb2.RefundPaymentConfig, _Mapping]] = ...) -> None: ...

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
