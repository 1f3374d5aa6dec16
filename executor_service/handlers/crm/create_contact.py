"""SPEC-WFL-003 R3.1: creates a contact, or finds the one that has the email.

Values are checked once more here, for only now it is known what templates make of them. A blank is
no value, as when the api creates a contact.
"""

from google.protobuf.struct_pb2 import Value

from executor_service.contact_values import stored
from executor_service.domain.outcome import Completed, ErrorClass, Failed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.create_contact_pb2 import CreateContactConfig
from treadle.dispatch.v1.task_pb2 import ActionTask

_TEXTS = ("first_name", "last_name", "email", "phone")


class CreateContactHandler(EffectHandler[CreateContactConfig]):
    """One effect, with the values as they are stored; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: CreateContactConfig) -> Outcome:
        """See `EffectHandler`."""
        contact = CreateContactConfig(duplicate_handling=config.duplicate_handling)
        for field in _TEXTS:
            try:
                value = stored(field, getattr(config, field)) if config.HasField(field) else None
            except ValueError as error:
                return Failed(ErrorClass.INVALID_CONFIG, f"{field}: {error}")
            if value is not None:
                setattr(contact, field, value)
        for name, value in config.custom_fields.fields.items():
            if not _is_blank(value):
                contact.custom_fields.fields[name].CopyFrom(value)
        if not any(contact.HasField(field) for field in (*_TEXTS, "custom_fields")):
            return Failed(
                ErrorClass.INVALID_CONFIG,
                f"nothing is known of the contact: give {', '.join(_TEXTS)} or custom_fields",
            )
        return Completed(effects=(RecordChange("create_contact", contact),))


def _is_blank(value: Value) -> bool:
    match value.WhichOneof("kind"):
        case "string_value":
            return not value.string_value.strip()
        case "null_value" | None:
            return True
        case _:
            return False
