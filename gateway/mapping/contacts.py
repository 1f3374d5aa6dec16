"""Contacts and email templates between JSON and protobuf."""

from gateway.mapping.values import instant, json_object, struct, text
from gateway.models.contacts import (
    Contact,
    ContactBody,
    ContactList,
    EmailTemplate,
    EmailTemplateList,
    UpdateContactBody,
)
from treadle.contact.v1 import contact_pb2, contact_service_pb2

TEXT_FIELDS = ("email", "phone", "first_name", "last_name", "timezone", "owner_id")


def contact(message: contact_pb2.Contact) -> Contact:
    """A contact as a resource."""
    return Contact(
        id=message.id,
        email=text(message.email),
        phone=text(message.phone),
        first_name=text(message.first_name),
        last_name=text(message.last_name),
        timezone=text(message.timezone),
        custom_fields=json_object(message.custom_fields),
        tags=list(message.tags),
        owner_id=text(message.owner_id),
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
        etag=message.etag,
    )


def contact_list(message: contact_service_pb2.ListContactsResponse) -> ContactList:
    """A page of contacts."""
    return ContactList(
        contacts=[contact(c) for c in message.contacts],
        next_page_token=text(message.next_page_token),
    )


def contact_message(body: ContactBody | UpdateContactBody) -> contact_pb2.Contact:
    """The contact that a body describes, with only the given fields set."""
    message = contact_pb2.Contact()
    for field in TEXT_FIELDS:
        value: str | None = getattr(body, field)
        if value is not None:
            setattr(message, field, value)
    if body.custom_fields is not None:
        message.custom_fields.CopyFrom(struct(body.custom_fields))
    return message


def email_template(message: contact_pb2.EmailTemplate) -> EmailTemplate:
    """An email template as a resource."""
    return EmailTemplate(
        id=message.id,
        name=message.name,
        html_body=message.html_body,
        text_body=text(message.text_body),
        created_at=instant(message.created_at),
        updated_at=instant(message.updated_at),
    )


def email_template_list(
    message: contact_service_pb2.ListEmailTemplatesResponse,
) -> EmailTemplateList:
    """A page of email templates."""
    return EmailTemplateList(
        templates=[email_template(t) for t in message.templates],
        next_page_token=text(message.next_page_token),
    )
