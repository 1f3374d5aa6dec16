"""LedgerService: claims of sends, for executors."""

from action_service.domain.claims import Claim
from action_service.domain.compliance import Channel, Purpose, Recipient
from action_service.servicers.requests import parse_enum, parse_optional_uuid, parse_uuid
from action_service.use_cases.compliance import address_key
from action_service.use_cases.ports import ClaimLedger
from common.errors import FieldViolation, invalid
from treadle.catalog.v1.send_purpose_pb2 import SendPurpose
from treadle.compliance.v1 import compliance_pb2
from treadle.ledger.v1 import ledger_service_pb2 as pb
from treadle.ledger.v1.ledger_service_pb2_grpc import LedgerServiceServicer

_MAX_CLAIMS = 500


class LedgerServicer(LedgerServiceServicer):
    """Serves LedgerService."""

    def __init__(self, ledger: ClaimLedger) -> None:
        self._ledger = ledger

    async def ClaimAttempts(
        self, request: pb.ClaimAttemptsRequest, context: object
    ) -> pb.ClaimAttemptsResponse:
        """Decides which attempts may make their one call."""
        if not 1 <= len(request.claims) <= _MAX_CLAIMS:
            problem = f"must have 1 to {_MAX_CLAIMS} items, not {len(request.claims)}"
            raise invalid([FieldViolation("claims", problem)])
        claims = [_claim(index, message) for index, message in enumerate(request.claims)]
        _refuse_repeats(claims)
        verdicts = await self._ledger.claim(claims)
        return pb.ClaimAttemptsResponse(
            decisions=[f"CLAIM_DECISION_{each.decision.value.upper()}" for each in verdicts],
            reasons={place: each.reason for place, each in enumerate(verdicts) if each.reason},
        )


def _claim(index: int, message: pb.Claim) -> Claim:
    place = f"claims[{index}]"
    return Claim(
        attempt_id=parse_uuid(f"{place}.attempt_id", message.attempt_id),
        action_execution_id=parse_uuid(f"{place}.action_execution_id", message.action_execution_id),
        account_id=parse_uuid(f"{place}.account_id", message.account_id),
        delivery_id=(
            parse_uuid(f"{place}.delivery_id", message.delivery_id) if message.delivery_id else None
        ),
        recipient=(
            _recipient(f"{place}.recipient", message.recipient)
            if message.HasField("recipient")
            else None
        ),
    )


def _recipient(place: str, message: pb.Recipient) -> Recipient:
    """Raises TreadleError for one on no channel; an odd address is as it is: nobody's."""
    channel = parse_enum(
        f"{place}.channel", compliance_pb2.Channel, "CHANNEL_", message.channel, Channel
    )
    if channel is None:
        raise invalid([FieldViolation(f"{place}.channel", "is required")])
    purpose = parse_enum(f"{place}.purpose", SendPurpose, "SEND_PURPOSE_", message.purpose, Purpose)
    try:
        address = address_key(channel, message.address)
    except ValueError:
        address = message.address
    return Recipient(
        channel=channel,
        address=address,
        purpose=purpose or Purpose.MARKETING,
        contact_id=parse_optional_uuid(f"{place}.contact_id", message.contact_id),
    )


def _refuse_repeats(claims: list[Claim]) -> None:
    seen: set[object] = set()
    repeats: list[FieldViolation] = []
    for index, claim in enumerate(claims):
        if claim.attempt_id in seen:
            repeats.append(FieldViolation(f"claims[{index}].attempt_id", "is claimed twice"))
        seen.add(claim.attempt_id)
    if repeats:
        raise invalid(repeats)
