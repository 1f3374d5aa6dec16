"""Credentials for providers: each provider has a path and a body of its own, from its contract.

What is set is never shown again.
"""

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query, Response
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from common.catalogue.records import record_spec
from gateway.headers import CallerDep, IfMatchDep, UpstreamDep, quoted
from gateway.mapping.credentials import credential, credential_list, new_signing_secret
from gateway.mapping.records import given
from gateway.models.base import Body
from gateway.models.credentials import (
    PROVIDER,
    Credential,
    CredentialList,
    NewSigningSecret,
)
from gateway.models.records import Wording, create_body
from gateway.openapi import SHOWS_ETAG
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute, typed
from treadle.credential.v1 import credential_pb2
from treadle.credential.v1 import credential_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/credentials", tags=["credentials"], route_class=StrictRoute
)

# What is done with a secret that no provider is called with.
_USES: Final = {"webhook_signing": "signs its webhooks"}

CredentialName = Annotated[
    str,
    Query(description="Tells several for one provider apart; `default` when left out."),
]


@router.get("", operation_id="listCredentials")
async def list_credentials(caller: CallerDep, upstream: UpstreamDep) -> CredentialList:
    """List the account's credentials, by provider and name, without their secrets."""
    request = pb.ListCredentialsRequest()
    return credential_list(await caller.call(upstream.credentials.ListCredentials, request))


def _shown(message: credential_pb2.Credential, response: Response) -> Credential:
    response.headers["ETag"] = quoted(message.etag)
    return credential(message)


@router.post("/webhook_signing/rotate", operation_id="rotateWebhookSigning", responses=SHOWS_ETAG)
async def rotate_webhook_signing(
    caller: CallerDep, upstream: UpstreamDep, if_match: IfMatchDep, response: Response
) -> NewSigningSecret:
    """Make a secret with which the account's webhooks are signed, and show it this once.

    The one before goes on signing beside it for 24 hours.
    """
    request = pb.RotateWebhookSigningRequest(etag=if_match)
    answer = await caller.call(upstream.credentials.RotateWebhookSigning, request)
    response.headers["ETag"] = quoted(answer.credential.etag)
    return new_signing_secret(answer)


def _add_provider(field: FieldDescriptor) -> None:
    """The routes of one provider, a field of `Secret`."""
    provider: str = field.name
    words = provider.replace("_", " ").title()
    use = _USES.get(provider, f"calls {words}")
    _add_set(field, words, use)
    _add_get(provider, words, use)
    _add_delete(provider, words, use)


def _add_set(field: FieldDescriptor, words: str, use: str) -> None:
    descriptor = cast("Descriptor", field.message_type)
    inputs = record_spec(descriptor).inputs
    wording = Wording(
        f"Set{words.replace(' ', '')}CredentialBody",
        f"With what the account {use}.",
        {name: each.example for name, each in inputs.fields.items()},
    )
    body_model = create_body(inputs, wording)
    places = BodyFields.of(body_model, moved={("secret", field.name): ()})
    part_of_secret = GetMessageClass(descriptor)

    async def put(
        body: Body,
        caller: CallerDep,
        upstream: UpstreamDep,
        if_match: IfMatchDep,
        response: Response,
        name: CredentialName = "",
    ) -> Credential:
        values: dict[str, Message] = {field.name: part_of_secret()}
        given(values[field.name], inputs, body.model_dump())
        secret = credential_pb2.Secret(**cast("dict[str, Any]", values))
        request = pb.SetCredentialRequest(name=name, secret=secret, etag=if_match)
        answer = await caller.call(upstream.credentials.SetCredential, request, fields=places)
        return _shown(answer.credential, response)

    router.add_api_route(
        f"/{field.name}",
        typed(put, body=body_model),
        methods=["PUT"],
        operation_id=f"set{words.replace(' ', '')}Credential",
        summary=f"Set {words} Credential",
        description=f"Store with what the account {use}, in the place of what it had. "
        "Steps use it within a minute. It is not shown again.",
        response_model=Credential,
        responses=SHOWS_ETAG,
    )


def _add_get(provider: str, words: str, use: str) -> None:
    async def get(
        caller: CallerDep, upstream: UpstreamDep, response: Response, name: CredentialName = ""
    ) -> Credential:
        request = pb.GetCredentialRequest(provider=PROVIDER.number(provider), name=name)
        answer = await caller.call(upstream.credentials.GetCredential, request)
        return _shown(answer.credential, response)

    router.add_api_route(
        f"/{provider}",
        get,
        operation_id=f"get{words.replace(' ', '')}Credential",
        summary=f"Get {words} Credential",
        description=f"Show that the account has with what it {use}, without the secret.",
        responses=SHOWS_ETAG,
    )


def _add_delete(provider: str, words: str, use: str) -> None:
    async def delete(
        caller: CallerDep, upstream: UpstreamDep, if_match: IfMatchDep, name: CredentialName = ""
    ) -> None:
        request = pb.DeleteCredentialRequest(
            provider=PROVIDER.number(provider), name=name, etag=if_match
        )
        await caller.call(upstream.credentials.DeleteCredential, request)

    router.add_api_route(
        f"/{provider}",
        delete,
        methods=["DELETE"],
        status_code=204,
        operation_id=f"delete{words.replace(' ', '')}Credential",
        summary=f"Delete {words} Credential",
        description=f"Forget with what the account {use}.",
    )


for _field in credential_pb2.Secret.DESCRIPTOR.fields:
    _add_provider(cast("FieldDescriptor", _field))
