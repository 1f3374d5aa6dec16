"""What the configurations of effects say in the domain's terms, and why one cannot be applied.

Shared by those that apply effects: the engine's statements, and the simulation.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, cast

from action_service.domain.contact_changes import CUSTOM_PREFIX, UpdateMode
from action_service.domain.opportunities import Selector, money
from action_service.domain.plan import Json
from common.catalogue.convert import read_struct
from common.numbers import decimal_in
from treadle.catalog.v1 import move_pipeline_stage_pb2 as move_pb
from treadle.catalog.v1 import send_notification_pb2 as notification_pb
from treadle.catalog.v1 import update_contact_pb2 as update_pb
from treadle.catalog.v1.assign_to_user_pb2 import AssignToUserConfig
from treadle.catalog.v1.create_contact_pb2 import CreateContactConfig
from treadle.catalog.v1.create_opportunity_pb2 import CreateOpportunityConfig

UPDATE_MODES: Final[Mapping[int, UpdateMode]] = MappingProxyType(
    {
        update_pb.UPDATE_MODE_UNSPECIFIED: UpdateMode.SET,
        update_pb.UPDATE_MODE_SET: UpdateMode.SET,
        update_pb.UPDATE_MODE_APPEND: UpdateMode.APPEND,
        update_pb.UPDATE_MODE_INCREMENT: UpdateMode.INCREMENT,
    }
)
SELECTORS: Final[Mapping[int, Selector]] = MappingProxyType(
    {
        move_pb.OPPORTUNITY_SELECTOR_UNSPECIFIED: Selector.FIRST,
        move_pb.OPPORTUNITY_SELECTOR_FIRST: Selector.FIRST,
        move_pb.OPPORTUNITY_SELECTOR_LATEST: Selector.LATEST,
        move_pb.OPPORTUNITY_SELECTOR_SPECIFIC: Selector.SPECIFIC,
    }
)


def given_fields(config: CreateContactConfig) -> list[tuple[str, Json]]:
    """The fields of a contact that the configuration gives, by the names that changes have."""
    given: dict[str, Json] = {
        "email": config.email,
        "phone": config.phone,
        "first_name": config.first_name,
        "last_name": config.last_name,
    }
    custom = cast("dict[str, Json]", read_struct(config.custom_fields))
    given |= {CUSTOM_PREFIX + name: value for name, value in custom.items()}
    return [(name, value) for name, value in given.items() if value is not None and value != ""]


def opportunity_value(config: CreateOpportunityConfig) -> Decimal | None:
    """The value, which the executor has found to be a number or a text that is one."""
    if not config.HasField("value"):
        return None
    value = config.value
    if value.WhichOneof("kind") == "number_value":
        return money(Decimal(repr(value.number_value)))
    number = decimal_in(value.string_value)
    return None if number is None else money(number)


def nobody_to_assign(config: AssignToUserConfig) -> str:
    """Why nobody becomes the owner whose turn it could be."""
    where = f"team {config.team_id}" if config.team_id else "the account"
    return f"no eligible user: {where} has no active user to assign to"


def nobody_to_notify(config: notification_pb.SendNotificationConfig) -> str:
    """Why nobody is notified."""
    why = {
        notification_pb.RECIPIENT_TYPE_CONTACT_OWNER: "the contact has no owner who is active",
        notification_pb.RECIPIENT_TYPE_TEAM: f"team {config.team_id} has no active member",
        notification_pb.RECIPIENT_TYPE_ROLE: f"nobody who is active has the role {config.role}",
    }.get(config.recipient_type, "none of the users named is active")
    return f"no eligible user: {why}"
