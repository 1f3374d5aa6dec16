"""Bodies of consents and suppressions."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Body, Id, JsonObject, ProtoEnum, Resource, UuidText, examples
from treadle.catalog.v1 import send_purpose_pb2
from treadle.compliance.v1 import compliance_pb2

CHANNEL = ProtoEnum(compliance_pb2.Channel)
PURPOSE = ProtoEnum(send_purpose_pb2.SendPurpose)
STATUS = ProtoEnum(compliance_pb2.ConsentStatus)
SCOPE = ProtoEnum(compliance_pb2.SuppressionScope)
CAUSE = ProtoEnum(compliance_pb2.SuppressionCause)

ChannelName = Annotated[str, CHANNEL]
ChannelShown = Annotated[str, CHANNEL.documented]
PurposeShown = Annotated[str, PURPOSE.documented]
StatusShown = Annotated[str, STATUS.documented]
ScopeShown = Annotated[str, SCOPE.documented]
CauseName = Annotated[str, CAUSE]
CauseShown = Annotated[str, CAUSE.documented]

_ADDRESS = "An email address, a number in E.164, or a page-scoped id of Messenger."


class ConsentBody(Body):
    """What a contact has said of messages for one purpose on one channel."""

    channel: ChannelName
    purpose: Annotated[str, PURPOSE]
    status: Annotated[str, STATUS]
    source: str | None = Field(
        default=None, description="Where it was said.", examples=["signup form"]
    )
    evidence: JsonObject | None = Field(default=None, description="What proves it.")


class SetConsentsBody(Body):
    """What a contact has said; what is not named stays as it is."""

    model_config = examples(
        {
            "consents": [
                {
                    "channel": "sms",
                    "purpose": "marketing",
                    "status": "granted",
                    "source": "signup form",
                    "evidence": {"page": "https://example.com/signup"},
                }
            ]
        }
    )

    consents: list[ConsentBody] = Field(min_length=1, max_length=20)


class Consent(Resource):
    """What a contact has said last."""

    channel: ChannelShown
    purpose: PurposeShown
    status: StatusShown
    source: str | None
    evidence: JsonObject
    changed_at: datetime
    changed_by: str


class ConsentList(Resource):
    """All that a contact has said, by channel and purpose."""

    consents: list[Consent]


class AddSuppressionBody(Body):
    """Whom not to reach: a channel and an address, or a contact."""

    model_config = examples(
        {"channel": "sms", "address": "+14155550100", "detail": "asked by letter"},
        {"contact_id": "0195f000-0000-7000-8000-000000000001"},
    )

    channel: ChannelName | None = None
    address: str | None = Field(default=None, description=_ADDRESS)
    contact_id: UuidText | None = Field(
        default=None, description="In place of channel and address: reached by nothing at all."
    )
    scope: Annotated[str, SCOPE] | None = Field(default=None, description="`all` when left out.")
    cause: CauseName | None = Field(
        default=None, description="`manual` when left out, `do_not_contact` for a contact."
    )
    detail: str | None = None


class Suppression(Resource):
    """An address, or a contact, that is not to be reached."""

    id: Id
    channel: ChannelShown | None = Field(description="null for a contact.")
    address: str | None
    contact_id: Id | None
    scope: ScopeShown
    cause: CauseShown
    detail: str | None
    created_at: datetime
    created_by: str
    lifted_at: datetime | None = Field(description="Set when it holds no more.")
    lifted_by: str | None


class SuppressionList(Resource):
    """Suppressions, newest first."""

    suppressions: list[Suppression]
    next_page_token: str | None = Field(description="null on the last page.")


class ContactCompliance(ConsentList):
    """What a contact has said, and what keeps them from being reached."""

    suppressions: list[Suppression] = Field(
        description="Those in force, of the contact and of the addresses they have now."
    )
