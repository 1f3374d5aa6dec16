"""InboundService: what providers post, for the gateway, which has verified it."""

from collections.abc import Mapping

from action_service.servicers.requests import parse_uuid
from action_service.use_cases.credential_ports import Vault
from action_service.use_cases.inbound.events import Provider, ProviderEventLog, read_events
from action_service.use_cases.inbound_secrets import inbound_secrets
from action_service.use_cases.ports import Database
from common.clock import SYSTEM_CLOCK, Clock
from common.errors import malformed
from treadle.inbound.v1 import inbound_service_pb2 as pb
from treadle.inbound.v1.inbound_service_pb2_grpc import InboundServiceServicer

_PROVIDERS: Mapping[int, Provider] = {
    pb.PROVIDER_TWILIO: Provider.TWILIO,
    pb.PROVIDER_SENDGRID: Provider.SENDGRID,
    pb.PROVIDER_META: Provider.META,
    pb.PROVIDER_STRIPE: Provider.STRIPE,
}


class InboundServicer(InboundServiceServicer):
    """Serves InboundService."""

    def __init__(
        self, log: ProviderEventLog, database: Database, vault: Vault, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._log = log
        self._database = database
        self._vault = vault
        self._clock = clock

    async def RecordProviderEvents(
        self, request: pb.RecordProviderEventsRequest, context: object
    ) -> pb.RecordProviderEventsResponse:
        """Stores each event once and acts on those that are new."""
        provider = _provider(request.provider)
        account_id = parse_uuid("account_id", request.account_id)
        events = read_events(provider, request.body, request.query, self._clock.now())
        recorded = await self._log.record(
            account_id, provider, events, of_account_alone=request.own_secret
        )
        return pb.RecordProviderEventsResponse(
            recorded=recorded.new, repeated_events=recorded.repeated
        )

    async def ResolveInboundSecrets(
        self, request: pb.ResolveInboundSecretsRequest, context: object
    ) -> pb.ResolveInboundSecretsResponse:
        """Returns what a provider signs with for the account's own credentials."""
        provider = _provider(request.provider)
        account_id = parse_uuid("account_id", request.account_id)
        async with self._database.reading(account_id) as tx:
            secrets = await inbound_secrets(tx, self._vault, provider)
        return pb.ResolveInboundSecretsResponse(secrets=secrets)


def _provider(number: int) -> Provider:
    provider = _PROVIDERS.get(number)
    if provider is None:
        raise malformed("provider", "must be one of the providers")
    return provider
