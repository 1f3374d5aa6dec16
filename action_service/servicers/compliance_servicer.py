"""ComplianceService: what contacts have consented to, and who is not to be reached."""

from uuid import UUID

from action_service.domain.compliance import (
    Cause,
    Channel,
    Consent,
    ConsentStatus,
    NewSuppression,
    Purpose,
    Scope,
    StoredConsent,
    Suppression,
)
from action_service.servicers.requests import E, EnumType, parse_enum, parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.servicers.workflow_messages import struct_message
from action_service.use_cases.compliance import (
    add_suppression,
    address_key,
    cause_violations,
    lift_suppression,
    list_consents,
    set_consents,
)
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal
from common.catalogue.convert import read_struct
from common.errors import FieldViolation, invalid
from common.paging import PageTokens
from treadle.catalog.v1.send_purpose_pb2 import SendPurpose
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import compliance_service_pb2 as pb
from treadle.compliance.v1.compliance_service_pb2_grpc import ComplianceServiceServicer

_SUPPRESSIONS = PageTokens("suppressions", UUID)


class ComplianceServicer(ComplianceServiceServicer):
    """Serves ComplianceService."""

    def __init__(self, database: Database) -> None:
        self._rpc = Rpc(database)

    async def SetConsents(
        self, request: pb.SetConsentsRequest, context: object
    ) -> pb.SetConsentsResponse:
        """Records what a contact has said."""
        contact_id = parse_uuid("contact_id", request.contact_id)
        given = [_consent(index, each) for index, each in enumerate(request.consents)]

        async def work(tx: Writer) -> pb.SetConsentsResponse:
            stored = await set_consents(tx, contact_id, given)
            return pb.SetConsentsResponse(consents=[_consent_message(each) for each in stored])

        return await self._rpc.write(work)

    async def ListConsents(
        self, request: pb.ListConsentsRequest, context: object
    ) -> pb.ListConsentsResponse:
        """Says what a contact has said, and what keeps them from being reached."""
        contact_id = parse_uuid("contact_id", request.contact_id)

        async def work(tx: Reader) -> pb.ListConsentsResponse:
            consents, suppressions = await list_consents(tx, contact_id)
            return pb.ListConsentsResponse(
                consents=[_consent_message(each) for each in consents],
                suppressions=[_suppression_message(each) for each in suppressions],
            )

        return await self._rpc.read(work)

    async def AddSuppression(
        self, request: pb.AddSuppressionRequest, context: object
    ) -> pb.AddSuppressionResponse:
        """Keeps an address or a contact from being reached."""
        wanted = _wanted(request.suppression)

        async def work(tx: Writer) -> pb.AddSuppressionResponse:
            suppression = await add_suppression(tx, wanted)
            return pb.AddSuppressionResponse(suppression=_suppression_message(suppression))

        return await self._rpc.once(request, request.request_id, pb.AddSuppressionResponse, work)

    async def LiftSuppression(
        self, request: pb.LiftSuppressionRequest, context: object
    ) -> pb.LiftSuppressionResponse:
        """Ends a suppression."""
        suppression_id = parse_uuid("suppression_id", request.suppression_id)

        async def work(tx: Writer) -> pb.LiftSuppressionResponse:
            suppression = await lift_suppression(tx, suppression_id)
            return pb.LiftSuppressionResponse(suppression=_suppression_message(suppression))

        return await self._rpc.write(work)

    async def ListSuppressions(
        self, request: pb.ListSuppressionsRequest, context: object
    ) -> pb.ListSuppressionsResponse:
        """Lists suppressions, newest first."""
        channel = _parse("channel", compliance_pb2.Channel, request.channel, Channel)
        cause = _parse("cause", compliance_pb2.SuppressionCause, request.cause, Cause)
        addresses = _addresses(request, channel)
        filters = {
            "channel": channel,
            "addresses": addresses,
            "cause": cause,
            "include_lifted": request.include_lifted,
        }
        account = current_principal().require_account()
        page = _SUPPRESSIONS.page(request.page_size, request.page_token, account=account, **filters)

        async def work(tx: Reader) -> pb.ListSuppressionsResponse:
            rows = await tx.compliance.list_page(
                limit=page.limit,
                before=page.after,
                channel=channel,
                addresses=addresses,
                cause=cause,
                include_lifted=request.include_lifted,
            )
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListSuppressionsResponse(
                suppressions=[_suppression_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)


def _consent(index: int, message: compliance_pb2.Consent) -> Consent:
    place = f"consents[{index}]"
    return Consent(
        channel=_required(f"{place}.channel", compliance_pb2.Channel, message.channel, Channel),
        purpose=_required(f"{place}.purpose", SendPurpose, message.purpose, Purpose),
        status=_required(
            f"{place}.status", compliance_pb2.ConsentStatus, message.status, ConsentStatus
        ),
        source=message.source.strip(),
        evidence=read_struct(message.evidence),
    )


def _wanted(message: compliance_pb2.Suppression) -> NewSuppression:
    place = "suppression"
    channel = _parse(f"{place}.channel", compliance_pb2.Channel, message.channel, Channel)
    cause = _parse(f"{place}.cause", compliance_pb2.SuppressionCause, message.cause, Cause)
    if bool(message.contact_id) == (channel is not None or bool(message.address)):
        problem = "give either contact_id, or channel and address"
        raise invalid([FieldViolation(place, problem)])
    if channel is None and not message.contact_id:
        raise invalid([FieldViolation(f"{place}.channel", "is required with an address")])
    if channel is None:
        address = str(parse_uuid(f"{place}.contact_id", message.contact_id))
    else:
        address = _key(f"{place}.address", channel, message.address)
    wanted = NewSuppression(
        channel=channel,
        address=address,
        cause=cause or (Cause.DO_NOT_CONTACT if channel is None else Cause.MANUAL),
        scope=_parse(f"{place}.scope", compliance_pb2.SuppressionScope, message.scope, Scope)
        or Scope.ALL,
        detail=message.detail.strip(),
    )
    if found := list(cause_violations(wanted)):
        raise invalid(found)
    return wanted


def _addresses(request: pb.ListSuppressionsRequest, channel: Channel | None) -> list[str] | None:
    """The keys to look for; None for all. An address without a channel is looked for as any."""
    if request.contact_id:
        return [str(parse_uuid("contact_id", request.contact_id))]
    if not request.address:
        return None
    if channel is not None:
        return [_key("address", channel, request.address)]
    keys: list[str] = []
    for each in Channel:
        try:
            keys.append(address_key(each, request.address))
        except ValueError:
            continue
    return list(dict.fromkeys(keys))


def _key(field: str, channel: Channel, address: str) -> str:
    try:
        return address_key(channel, address)
    except ValueError as error:
        raise invalid([FieldViolation(field, str(error))]) from None


def _parse(field: str, kind: EnumType, number: int, domain: type[E]) -> E | None:
    return parse_enum(field, kind, _PREFIXES[domain], number, domain)


def _required(field: str, kind: EnumType, number: int, domain: type[E]) -> E:
    value = _parse(field, kind, number, domain)
    if value is None:
        raise invalid([FieldViolation(field, "is required")])
    return value


_PREFIXES: dict[type, str] = {
    Channel: "CHANNEL_",
    Purpose: "SEND_PURPOSE_",
    ConsentStatus: "CONSENT_STATUS_",
    Scope: "SUPPRESSION_SCOPE_",
    Cause: "SUPPRESSION_CAUSE_",
}


def _consent_message(stored: StoredConsent) -> compliance_pb2.Consent:
    consent = stored.consent
    return compliance_pb2.Consent(
        channel=f"CHANNEL_{consent.channel.value.upper()}",
        purpose=f"SEND_PURPOSE_{consent.purpose.value.upper()}",
        status=f"CONSENT_STATUS_{consent.status.value.upper()}",
        source=consent.source,
        evidence=struct_message(consent.evidence),
        changed_at=stored.changed_at,
        changed_by=stored.changed_by,
    )


def _suppression_message(suppression: Suppression) -> compliance_pb2.Suppression:
    what = suppression.what
    of_contact = what.channel is None
    return compliance_pb2.Suppression(
        id=str(suppression.id),
        channel=None if what.channel is None else f"CHANNEL_{what.channel.value.upper()}",
        address="" if of_contact else what.address,
        contact_id=what.address if of_contact else "",
        scope=f"SUPPRESSION_SCOPE_{what.scope.value.upper()}",
        cause=f"SUPPRESSION_CAUSE_{what.cause.value.upper()}",
        detail=what.detail,
        created_at=suppression.created_at,
        created_by=suppression.created_by,
        lifted_at=suppression.lifted_at,
        lifted_by=suppression.lifted_by,
    )
