"""ContactService: contacts and email templates."""

from uuid import UUID

from action_service.domain.contact import Contact, EmailTemplate
from action_service.domain.workflow import etag
from action_service.servicers.requests import (
    mask_of,
    parse_optional_text,
    parse_optional_uuid,
    parse_uuid,
)
from action_service.servicers.rpc import Rpc
from action_service.servicers.workflow_messages import struct_message
from action_service.use_cases.contacts import (
    UPDATABLE,
    ContactInput,
    create_contact,
    create_contacts,
    get_contact,
    update_contact,
)
from action_service.use_cases.email_templates import (
    create_template,
    get_template,
    update_template,
)
from action_service.use_cases.ports import Database, Reader, Writer
from common.auth import current_principal
from common.catalogue.convert import read_struct
from common.paging import PageTokens
from treadle.contact.v1 import contact_pb2
from treadle.contact.v1 import contact_service_pb2 as pb
from treadle.contact.v1.contact_service_pb2_grpc import ContactServiceServicer

_CONTACTS = PageTokens("contacts", UUID)
_TEMPLATES = PageTokens("email_templates", str)


class ContactServicer(ContactServiceServicer):
    """Serves ContactService."""

    def __init__(self, database: Database) -> None:
        self._rpc = Rpc(database)

    async def CreateContact(
        self, request: pb.CreateContactRequest, context: object
    ) -> pb.CreateContactResponse:
        """Creates a contact."""
        given = _input(request.contact)

        async def work(tx: Writer) -> pb.CreateContactResponse:
            contact = await create_contact(tx, given)
            return pb.CreateContactResponse(contact=_contact_message(contact))

        return await self._rpc.once(request, request.request_id, pb.CreateContactResponse, work)

    async def CreateContacts(
        self, request: pb.CreateContactsRequest, context: object
    ) -> pb.CreateContactsResponse:
        """Creates many contacts, all or none."""
        given = [_input(contact) for contact in request.contacts]

        async def work(tx: Writer) -> pb.CreateContactsResponse:
            ids = await create_contacts(tx, given)
            return pb.CreateContactsResponse(contact_ids=[str(each) for each in ids])

        return await self._rpc.once(request, request.request_id, pb.CreateContactsResponse, work)

    async def GetContact(
        self, request: pb.GetContactRequest, context: object
    ) -> pb.GetContactResponse:
        """Returns one contact."""
        contact_id = parse_uuid("contact_id", request.contact_id)

        async def work(tx: Reader) -> pb.GetContactResponse:
            contact = await get_contact(tx, contact_id)
            return pb.GetContactResponse(contact=_contact_message(contact))

        return await self._rpc.read(work)

    async def ListContacts(
        self, request: pb.ListContactsRequest, context: object
    ) -> pb.ListContactsResponse:
        """Lists contacts, newest first."""
        email = parse_optional_text("email", request.email)
        tag = parse_optional_text("tag", request.tag)
        account = current_principal().require_account()
        page = _CONTACTS.page(
            request.page_size, request.page_token, account=account, email=email, tag=tag
        )

        async def work(tx: Reader) -> pb.ListContactsResponse:
            rows = await tx.contacts.list_page(
                limit=page.limit, before=page.after, email=email, tag=tag
            )
            shown, next_page_token = page.cut(rows, lambda row: row.id)
            return pb.ListContactsResponse(
                contacts=[_contact_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def UpdateContact(
        self, request: pb.UpdateContactRequest, context: object
    ) -> pb.UpdateContactResponse:
        """Changes a contact."""
        contact_id = parse_uuid("contact_id", request.contact_id)
        mask = mask_of(request.update_mask, request.contact, UPDATABLE)
        given = _input(request.contact)

        async def work(tx: Writer) -> pb.UpdateContactResponse:
            contact = await update_contact(tx, contact_id, given, mask, etag=request.etag)
            return pb.UpdateContactResponse(contact=_contact_message(contact))

        return await self._rpc.write(work)

    async def CreateEmailTemplate(
        self, request: pb.CreateEmailTemplateRequest, context: object
    ) -> pb.CreateEmailTemplateResponse:
        """Creates an email template."""
        template_id = parse_optional_uuid("template_id", request.template_id)

        async def work(tx: Writer) -> pb.CreateEmailTemplateResponse:
            template = await create_template(
                tx,
                template_id,
                name=request.name,
                html_body=request.html_body,
                text_body=request.text_body,
            )
            return pb.CreateEmailTemplateResponse(template=_template_message(template))

        return await self._rpc.once(
            request, request.request_id, pb.CreateEmailTemplateResponse, work
        )

    async def GetEmailTemplate(
        self, request: pb.GetEmailTemplateRequest, context: object
    ) -> pb.GetEmailTemplateResponse:
        """Returns one email template."""
        template_id = parse_uuid("template_id", request.template_id)

        async def work(tx: Reader) -> pb.GetEmailTemplateResponse:
            template = await get_template(tx, template_id)
            return pb.GetEmailTemplateResponse(template=_template_message(template))

        return await self._rpc.read(work)

    async def ListEmailTemplates(
        self, request: pb.ListEmailTemplatesRequest, context: object
    ) -> pb.ListEmailTemplatesResponse:
        """Lists email templates by name."""
        account = current_principal().require_account()
        page = _TEMPLATES.page(request.page_size, request.page_token, account=account)

        async def work(tx: Reader) -> pb.ListEmailTemplatesResponse:
            rows = await tx.templates.list_page(limit=page.limit, after=page.after)
            shown, next_page_token = page.cut(rows, lambda row: row.name)
            return pb.ListEmailTemplatesResponse(
                templates=[_template_message(row) for row in shown],
                next_page_token=next_page_token,
            )

        return await self._rpc.read(work)

    async def UpdateEmailTemplate(
        self, request: pb.UpdateEmailTemplateRequest, context: object
    ) -> pb.UpdateEmailTemplateResponse:
        """Changes an email template."""
        template_id = parse_uuid("template_id", request.template_id)

        async def work(tx: Writer) -> pb.UpdateEmailTemplateResponse:
            template = await update_template(
                tx,
                template_id,
                name=request.name if request.HasField("name") else None,
                html_body=request.html_body if request.HasField("html_body") else None,
                text_body=request.text_body if request.HasField("text_body") else None,
            )
            return pb.UpdateEmailTemplateResponse(template=_template_message(template))

        return await self._rpc.write(work)


def _input(contact: contact_pb2.Contact) -> ContactInput:
    return ContactInput(
        email=contact.email,
        phone=contact.phone,
        first_name=contact.first_name,
        last_name=contact.last_name,
        timezone=contact.timezone,
        owner_id=contact.owner_id,
        custom_fields=read_struct(contact.custom_fields),
    )


def _contact_message(contact: Contact) -> contact_pb2.Contact:
    values = contact.values
    return contact_pb2.Contact(
        id=str(contact.id),
        email=values.email,
        phone=values.phone,
        first_name=values.first_name,
        last_name=values.last_name,
        timezone=values.timezone,
        custom_fields=struct_message(values.custom_fields),
        tags=contact.tags,
        owner_id=None if values.owner_id is None else str(values.owner_id),
        created_at=contact.created_at,
        updated_at=contact.updated_at,
        etag=etag(contact.revision),
    )


def _template_message(template: EmailTemplate) -> contact_pb2.EmailTemplate:
    return contact_pb2.EmailTemplate(
        id=str(template.id),
        name=template.name,
        html_body=template.html_body,
        text_body=template.text_body,
        created_at=template.created_at,
        updated_at=template.updated_at,
    )
