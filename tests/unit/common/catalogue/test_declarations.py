"""The declarations in protos/treadle/catalog are whole, and say what SPEC-WFL-003 says."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FileDescriptor

import treadle.catalog.v1
from common.catalogue import (
    ActionSpec,
    MessageSpec,
    UnknownActionTypeError,
    catalogue,
    config_type,
    contact_fields,
    database_check_types,
)
from common.catalogue.fields import action_options
from treadle.catalog.v1 import add_tag_pb2
from treadle.contact.v1 import contact_pb2
from treadle.workflow.v1 import action_pb2

SPECS = list(catalogue().types.values())


def _modules() -> list[ModuleType]:
    package = treadle.catalog.v1
    names = [info.name for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in names if name.endswith("_pb2")]


def _declared() -> dict[str, Descriptor]:
    """Every message of the catalogue's package with the `action` option."""
    found: dict[str, Descriptor] = {}
    for module in _modules():
        file: FileDescriptor = module.DESCRIPTOR
        for message in file.message_types_by_name.values():
            if action_options(message) is not None:
                found[message.full_name] = message
    return found


def test_declared_actions_and_the_oneof_are_the_same_set() -> None:
    assert {spec.config_descriptor.full_name for spec in SPECS} == set(_declared())


def test_the_types_of_this_build() -> None:
    assert database_check_types() == (
        "add_note",
        "add_tag",
        "add_to_campaign",
        "assign_to_user",
        "cancel_subscription",
        "charge_customer",
        "create_contact",
        "create_opportunity",
        "create_subscription",
        "create_task",
        "custom_code",
        "grant_course_access",
        "make_call",
        "move_pipeline_stage",
        "refund_payment",
        "remove_from_campaign",
        "remove_tag",
        "revoke_course_access",
        "send_email",
        "send_messenger",
        "send_notification",
        "send_sms",
        "send_voicemail",
        "update_contact",
        "wait_for_event",
        "wait_time",
        "wait_until_date",
        "webhook_call",
    )
    assert catalogue().categories == {
        "communication": (
            "make_call",
            "send_email",
            "send_messenger",
            "send_sms",
            "send_voicemail",
        ),
        "crm": (
            "add_note",
            "add_tag",
            "add_to_campaign",
            "assign_to_user",
            "create_contact",
            "create_task",
            "move_pipeline_stage",
            "remove_from_campaign",
            "remove_tag",
            "update_contact",
        ),
        "timing": ("wait_for_event", "wait_time", "wait_until_date"),
        "internal": ("create_opportunity", "send_notification", "webhook_call"),
        "code": ("custom_code",),
        "membership": ("grant_course_access", "revoke_course_access"),
        "payments": (
            "cancel_subscription",
            "charge_customer",
            "create_subscription",
            "refund_payment",
        ),
    }


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_a_declaration_is_whole(spec: ActionSpec) -> None:
    oneof = action_pb2.ActionConfig.DESCRIPTOR.oneofs_by_name["config"]
    member = next(field for field in oneof.fields if field.name == spec.type)
    assert member.message_type == spec.config_descriptor
    assert spec.output_descriptor.full_name == (
        spec.config_descriptor.full_name.removesuffix("Config") + "Output"
    )
    assert spec.label
    assert spec.help.endswith(".")
    assert spec.idempotency
    assert spec.retry
    assert spec.subject == f"treadle.actions.{spec.category}.{spec.type}"
    assert len(spec.type) <= 50  # the column is VARCHAR(50)


def _fields(message: MessageSpec, descriptor: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for field in message.fields.values():
        found.append((field.name, descriptor.fields_by_name[field.name]))
        if field.message is not None:
            found += _fields(field.message, descriptor.fields_by_name[field.name].message_type)
    return found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_every_field_has_a_label_of_its_own(spec: ActionSpec) -> None:
    from treadle.options.v1 import options_pb2

    for message, descriptor in (
        (spec.config, spec.config_descriptor),
        (spec.output, spec.output_descriptor),
    ):
        for name, field in _fields(message, descriptor):
            assert field.GetOptions().Extensions[options_pb2.field].label, f"{spec.type}.{name}"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
def test_examples_and_defaults_are_valid(spec: ActionSpec) -> None:
    config = spec.defaults() | {
        name: field.example
        for name, field in spec.config.fields.items()
        if field.example and field.shape.name == "TEXT"
    }
    broken = [v for v in spec.validate(config).violations if v.kind != "missing"]
    assert broken == []


# Field, required, default: the tables of SPEC-WFL-003 R2.1, R2.2, R3, R4.1, R5.1 to R5.3 and R6.
# Below a comment stand fields that its tables lack and its sentences call for.
SPECIFICATION: dict[str, list[tuple[str, bool, object]]] = {
    "send_email": [
        ("template_id", True, None),
        ("subject", True, None),
        ("from_name", True, None),
        ("from_email", True, None),
        ("reply_to", False, None),
        ("track_opens", False, True),
        ("track_clicks", False, True),
        ("attachments", False, None),
        ("purpose", False, None),
    ],
    "send_sms": [
        ("message", True, None),
        ("from_number", True, None),
        ("media_urls", False, None),
        ("respect_quiet_hours", False, True),
        ("quiet_hours_start", False, "21:00"),
        ("quiet_hours_end", False, "09:00"),
        ("purpose", False, None),
    ],
    "send_messenger": [
        ("page_id", True, None),
        ("message_type", True, None),
        ("content", True, None),
        ("messaging_type", False, "UPDATE"),
        # Meta demands it with MESSAGE_TAG.
        ("tag", False, None),
        ("purpose", False, None),
    ],
    "send_voicemail": [
        ("audio_file_id", True, None),
        ("from_number", True, None),
        ("machine_detection", False, True),
        ("retry_on_busy", False, False),
        ("max_retries", False, 1),
        ("respect_quiet_hours", False, True),
        ("quiet_hours_start", False, "21:00"),
        ("quiet_hours_end", False, "09:00"),
        ("purpose", False, None),
    ],
    "make_call": [
        ("from_number", True, None),
        ("destination_type", True, None),
        ("destination_value", True, None),
        ("record_call", False, False),
        ("timeout_seconds", False, 30),
        ("respect_quiet_hours", False, True),
        ("quiet_hours_start", False, "21:00"),
        ("quiet_hours_end", False, "09:00"),
        ("purpose", False, None),
    ],
    "update_contact": [("field_updates", True, None), ("update_mode", False, "set")],
    "add_tag": [("tag_name", True, None), ("tag_color", False, None)],
    "create_contact": [
        ("first_name", False, None),
        ("last_name", False, None),
        ("email", False, None),
        ("phone", False, None),
        ("custom_fields", False, None),
        ("duplicate_handling", False, "skip"),
    ],
    "remove_tag": [("tag_name", True, None)],
    "add_to_campaign": [
        ("campaign_id", True, None),
        ("start_position", False, "beginning"),
        ("step_id", False, None),
        ("skip_if_enrolled", False, True),
    ],
    "remove_from_campaign": [
        ("campaign_id", True, None),
        # "log the removal reason"
        ("reason", False, None),
    ],
    "move_pipeline_stage": [
        ("pipeline_id", True, None),
        ("stage_id", True, None),
        ("opportunity_selector", False, "first"),
        ("opportunity_id", False, None),
    ],
    "assign_to_user": [
        ("user_id", False, None),
        ("assignment_type", True, None),
        ("team_id", False, None),
        ("notify_assignee", False, True),
    ],
    "create_task": [
        ("title", True, None),
        ("description", False, None),
        ("due_date_offset", False, None),
        ("assignee_id", False, None),
        ("priority", False, "medium"),
    ],
    "add_note": [("content", True, None), ("note_type", False, "general")],
    "send_notification": [
        ("recipient_type", True, None),
        ("recipient_ids", False, None),
        ("channels", True, None),
        ("title", True, None),
        ("message", True, None),
        # "specific_user, contact_owner, team, role"
        ("team_id", False, None),
        ("role", False, None),
    ],
    "create_opportunity": [
        ("pipeline_id", True, None),
        ("stage_id", False, None),
        ("name", True, None),
        ("value", False, None),
        ("currency", False, None),
    ],
    "grant_course_access": [
        ("course_id", True, None),
        ("access_level", False, "full"),
        ("duration_days", False, None),
        ("drip_content", False, True),
        ("send_welcome", False, True),
    ],
    "revoke_course_access": [
        ("course_id", True, None),
        ("retain_progress", False, True),
        ("revocation_reason", False, None),
    ],
    "wait_time": [("duration", True, None), ("unit", True, None)],
    "wait_for_event": [
        ("event_type", True, None),
        ("related_action_id", False, None),
        ("timeout_duration", False, None),
        ("timeout_unit", False, "hours"),
        ("timeout_action", False, "continue"),
        # "branch"
        ("timeout_branch_id", False, None),
        # docs/adr/0021
        ("ignore_automatic", False, True),
    ],
    "wait_until_date": [
        ("date_type", True, None),
        ("date_value", False, None),
        ("field_name", False, None),
        ("time_of_day", False, None),
        ("timezone_mode", False, "contact"),
        # "calculated"
        ("offset_value", False, None),
        ("offset_unit", False, "days"),
    ],
    "custom_code": [
        ("code", True, None),
        ("timeout_ms", False, 5000),
        ("memory_limit_mb", False, 128),
        ("allowed_modules", False, None),
    ],
    "webhook_call": [
        ("url", True, None),
        ("method", True, None),
        ("headers", False, None),
        ("payload", False, None),
        ("auth_type", False, "none"),
        ("auth_config", False, None),
        ("timeout_seconds", False, 30),
        ("retry_on_failure", False, True),
        ("max_retries", False, 3),
        ("store_response", False, None),
    ],
    # "Payment and subscription actions", of which its tables have none.
    "charge_customer": [
        ("customer_id", True, None),
        ("amount", True, None),
        ("currency", True, None),
        ("payment_method_id", False, None),
        ("off_session", False, True),
        ("description", False, None),
        ("metadata", False, None),
    ],
    "create_subscription": [
        ("customer_id", True, None),
        ("price_id", True, None),
        ("quantity", False, 1),
        ("trial_days", False, None),
        ("payment_method_id", False, None),
        ("off_session", False, True),
        ("description", False, None),
        ("metadata", False, None),
    ],
    "cancel_subscription": [
        ("subscription_id", True, None),
        ("cancel_at_period_end", False, True),
        ("invoice_now", False, None),
        ("prorate", False, None),
        ("comment", False, None),
    ],
    "refund_payment": [
        ("payment_intent_id", True, None),
        ("amount", False, None),
        ("reason", False, None),
        ("metadata", False, None),
    ],
}
ENUMS = {
    ("send_email", "purpose"): {"marketing", "transactional"},
    ("send_sms", "purpose"): {"marketing", "transactional"},
    ("send_messenger", "message_type"): {"text", "image", "template", "quick_reply"},
    ("send_messenger", "messaging_type"): {"RESPONSE", "UPDATE", "MESSAGE_TAG"},
    ("send_messenger", "tag"): {"HUMAN_AGENT"},
    ("send_messenger", "purpose"): {"marketing", "transactional"},
    ("send_voicemail", "purpose"): {"marketing", "transactional"},
    ("make_call", "purpose"): {"marketing", "transactional"},
    ("make_call", "destination_type"): {"user", "queue", "external", "ivr"},
    ("create_contact", "duplicate_handling"): {"skip", "update", "create_duplicate"},
    ("add_to_campaign", "start_position"): {"beginning", "specific_step"},
    ("move_pipeline_stage", "opportunity_selector"): {"first", "latest", "specific"},
    ("assign_to_user", "assignment_type"): {"specific", "round_robin", "least_busy"},
    ("create_task", "priority"): {"low", "medium", "high"},
    ("add_note", "note_type"): {"general", "workflow", "system"},
    ("send_notification", "recipient_type"): {"specific_user", "contact_owner", "team", "role"},
    ("send_notification", "channels"): {"in_app", "email", "sms"},
    ("grant_course_access", "access_level"): {"full", "preview", "limited"},
    ("update_contact", "update_mode"): {"set", "append", "increment"},
    ("wait_time", "unit"): {"minutes", "hours", "days", "weeks", "calendar_days", "seconds"},
    ("wait_for_event", "timeout_unit"): {"hours", "days", "minutes", "seconds"},
    ("wait_for_event", "timeout_action"): {"continue", "branch", "end"},
    ("wait_until_date", "date_type"): {"specific", "contact_field", "calculated"},
    ("wait_until_date", "timezone_mode"): {"account", "contact", "utc"},
    ("wait_until_date", "offset_unit"): {"minutes", "hours", "days", "weeks", "months"},
    ("webhook_call", "method"): {"GET", "POST", "PUT", "PATCH", "DELETE"},
    ("webhook_call", "auth_type"): {"none", "basic", "bearer", "api_key"},
    ("refund_payment", "reason"): {"duplicate", "fraudulent", "requested_by_customer"},
}


@pytest.mark.parametrize("type_name", sorted(catalogue().types))
def test_the_fields_are_the_specification_s(type_name: str) -> None:
    fields = catalogue().get(type_name).config.fields
    found = [(field.name, field.required, field.default) for field in fields.values()]
    assert found == SPECIFICATION[type_name]


def test_the_enums_are_the_specification_s() -> None:
    found = {
        (spec.type, field.name): set(field.enum.spellings)
        for spec in SPECS
        for field in spec.config.fields.values()
        if field.enum is not None
    }
    assert found == ENUMS


def test_defaults_are_those_of_the_fields() -> None:
    assert catalogue().get("send_sms").defaults() == {
        "respect_quiet_hours": True,
        "quiet_hours_start": "21:00",
        "quiet_hours_end": "09:00",
    }
    assert catalogue().get("add_tag").defaults() == {}


def test_contact_fields_are_fields_of_contacts() -> None:
    assert contact_fields() == (
        "email",
        "phone",
        "first_name",
        "last_name",
        "timezone",
        "owner_id",
    )
    assert set(contact_fields()) <= set(contact_pb2.Contact.DESCRIPTOR.fields_by_name)


def test_unknown_types_name_the_closest() -> None:
    with pytest.raises(UnknownActionTypeError, match="did you mean 'send_email'"):
        catalogue().get("send_emal")
    with pytest.raises(UnknownActionTypeError, match="there are make_call, send_email"):
        catalogue().get("xyz")


def test_the_type_of_a_configuration() -> None:
    message = action_pb2.ActionConfig(add_tag=add_tag_pb2.AddTagConfig(tag_name="x"))
    assert config_type(message) == "add_tag"
    with pytest.raises(UnknownActionTypeError):
        config_type(action_pb2.ActionConfig())


def test_needs_hold_what_templates_and_handler_read() -> None:
    needs = catalogue().get("send_sms").needs({"message": "{{ steps.hook.x }} {{ contact.email }}"})
    assert needs.contact_paths == {"custom_fields.state", "email", "phone", "timezone"}
    assert needs.step_names == {"hook"}
    assert ("account", "timezone") in needs.paths
    assert catalogue().get("send_email").needs({}).whole_contact
    assert catalogue().get("add_tag").needs({"tag_name": "vip"}).paths == frozenset()
