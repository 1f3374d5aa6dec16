"""Contacts: whom workflows run for."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from google.protobuf.field_mask_pb2 import FieldMask

from gateway.headers import CallerDep, IfMatchDep, RequestIdDep, UpstreamDep, agreed_etag, quoted
from gateway.mapping.contacts import TEXT_FIELDS, contact, contact_list, contact_message
from gateway.models.contacts import (
    Contact,
    ContactBatchBody,
    ContactBody,
    ContactList,
    CreatedContacts,
    UpdateContactBody,
)
from gateway.openapi import CREATES, CREATES_WITH_ETAG, SHOWS_ETAG
from gateway.parameters import DEFAULT_PAGE_SIZE, ContactId, PageSize, PageToken
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.contact.v1 import contact_pb2
from treadle.contact.v1 import contact_service_pb2 as pb

router: Final = APIRouter(prefix="/api/v1/contacts", tags=["contacts"], route_class=StrictRoute)
_CREATE_FIELDS: Final = BodyFields.of(ContactBody, moved={("contact",): ()})
_UPDATE_FIELDS: Final = BodyFields.of(UpdateContactBody, moved={("contact",): ()})
_BATCH_FIELDS: Final = BodyFields.of(ContactBatchBody)

EmailFilter = Annotated[str, Query(description="Keep only the contact with this email.")]
TagFilter = Annotated[str, Query(description="Keep only contacts with this tag.")]


@router.post("", status_code=201, operation_id="createContact", responses=CREATES_WITH_ETAG)
async def create_contact(
    body: ContactBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Contact:
    """Create a contact."""
    request = pb.CreateContactRequest(contact=contact_message(body), request_id=request_id)
    answer = await caller.call(upstream.contacts.CreateContact, request, fields=_CREATE_FIELDS)
    response.headers["Location"] = f"/api/v1/contacts/{answer.contact.id}"
    return _with_etag(answer.contact, response)


@router.post("/batch", status_code=201, operation_id="createContacts", responses=CREATES)
async def create_contacts(
    body: ContactBatchBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> CreatedContacts:
    """Create up to 1,000 contacts: all or none."""
    request = pb.CreateContactsRequest(
        contacts=[contact_message(c) for c in body.contacts], request_id=request_id
    )
    answer = await caller.call(upstream.contacts.CreateContacts, request, fields=_BATCH_FIELDS)
    response.headers["Location"] = "/api/v1/contacts"
    return CreatedContacts(contact_ids=list(answer.contact_ids))


@router.get("", operation_id="listContacts")
async def list_contacts(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
    email: EmailFilter = "",
    tag: TagFilter = "",
) -> ContactList:
    """List contacts, newest first."""
    request = pb.ListContactsRequest(
        page_size=page_size, page_token=page_token, email=email, tag=tag
    )
    return contact_list(await caller.call(upstream.contacts.ListContacts, request))


@router.get("/{contact_id}", operation_id="getContact", responses=SHOWS_ETAG)
async def get_contact(
    contact_id: ContactId, caller: CallerDep, upstream: UpstreamDep, response: Response
) -> Contact:
    """Show one contact."""
    request = pb.GetContactRequest(contact_id=contact_id)
    answer = await caller.call(upstream.contacts.GetContact, request)
    return _with_etag(answer.contact, response)


@router.patch("/{contact_id}", operation_id="updateContact", responses=SHOWS_ETAG)
async def update_contact(
    contact_id: ContactId,
    body: UpdateContactBody,
    if_match: IfMatchDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> Contact:
    """Change a contact; what is left out stays as it is."""
    paths = [f for f in (*TEXT_FIELDS, "custom_fields") if getattr(body, f) is not None]
    request = pb.UpdateContactRequest(
        contact_id=contact_id,
        contact=contact_message(body),
        update_mask=FieldMask(paths=paths),
        etag=agreed_etag(if_match, body.etag),
    )
    answer = await caller.call(upstream.contacts.UpdateContact, request, fields=_UPDATE_FIELDS)
    return _with_etag(answer.contact, response)


def _with_etag(message: contact_pb2.Contact, response: Response) -> Contact:
    response.headers["ETag"] = quoted(message.etag)
    return contact(message)
