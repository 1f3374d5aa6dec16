"""Providers: how an account's calls to them stand, and what may be changed about it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.providers import provider, provider_list
from gateway.models.providers import Provider, ProviderList, SetProviderLimitBody
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.traffic.v1 import traffic_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/providers", tags=["providers"], route_class=StrictRoute)
_LIMIT_FIELDS: Final = BodyFields.of(SetProviderLimitBody)

Peer = Annotated[
    str,
    Path(
        max_length=262,
        description="`sendgrid`, `twilio`, `twilio_voice`, `facebook`, `stripe`, or "
        "`webhook:<host>`.",
    ),
]


@router.get("", operation_id="listProviders")
async def list_providers(caller: CallerDep, upstream: UpstreamDep) -> ProviderList:
    """List how the account's calls to providers and webhooks' hosts stand."""
    request = pb.ListProvidersRequest()
    return provider_list(await caller.call(upstream.traffic.ListProviders, request))


@router.put("/{peer}/limit", operation_id="setProviderLimit")
async def set_provider_limit(
    peer: Peer, body: SetProviderLimitBody, caller: CallerDep, upstream: UpstreamDep
) -> Provider:
    """Set how many calls the account may make, in the place of the deployment's default."""
    request = pb.SetProviderLimitRequest(
        peer=peer, per_second=body.per_second, burst=body.burst or 0
    )
    answer = await caller.call(upstream.traffic.SetProviderLimit, request, fields=_LIMIT_FIELDS)
    return provider(answer.provider)


@router.delete("/{peer}/limit", operation_id="clearProviderLimit")
async def clear_provider_limit(peer: Peer, caller: CallerDep, upstream: UpstreamDep) -> Provider:
    """Go back to the deployment's default."""
    request = pb.ClearProviderLimitRequest(peer=peer)
    answer = await caller.call(upstream.traffic.ClearProviderLimit, request)
    return provider(answer.provider)


@router.post("/{peer}/reset", operation_id="resetProvider")
async def reset_provider(peer: Peer, caller: CallerDep, upstream: UpstreamDep) -> Provider:
    """Close the circuit and end a pause: calls go through until they fail anew."""
    request = pb.ResetProviderRequest(peer=peer)
    answer = await caller.call(upstream.traffic.ResetProvider, request)
    return provider(answer.provider)
