"""Limits and circuits between messages and JSON."""

from gateway.mapping.values import optional_instant, text
from gateway.models.providers import CIRCUIT_STATE, Provider, ProviderLimit, ProviderList
from treadle.traffic.v1 import traffic_pb2, traffic_service_pb2


def provider(message: traffic_pb2.Provider) -> Provider:
    """A provider as a resource."""
    return Provider(
        peer=message.peer,
        label=message.label,
        state=CIRCUIT_STATE.shown(message.state),
        changed_at=optional_instant(message, "changed_at"),
        open_until=optional_instant(message, "open_until"),
        trips=message.trips,
        paused_until=optional_instant(message, "paused_until"),
        successes=message.successes,
        failures=message.failures,
        last_error=text(message.last_error),
        limit=ProviderLimit(
            per_second=message.limit.per_second,
            burst=message.limit.burst,
            own=message.limit.own,
        ),
    )


def provider_list(message: traffic_service_pb2.ListProvidersResponse) -> ProviderList:
    """How all of an account's calls stand."""
    return ProviderList(providers=[provider(each) for each in message.providers])
