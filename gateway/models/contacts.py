"""Bodies of the contact and email template endpoints."""

from datetime import datetime

from pydantic import Field

from gateway.models.base import (
    Body,
    Etag,
    Id,
    JsonObject,
    Resource,
    UuidOrEmpty,
    UuidText,
    examples,
)

_CONTACT_EXAMPLE: JsonObject = {
    "email": "ada@example.com",
    "phone": "+14155550100",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "timezone": "Europe/London",
    "custom_fields": {"plan": "pro"},
}


class ContactBody(Body):
    """A new contact."""

    model_config = examples(_CONTACT_EXAMPLE)

    email: str | None = Field(
        default=None, description="Unique in the account, without regard to case."
    )
    phone: str | None = Field(default=None, description="E.164.", examples=["+14155550100"])
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = Field(default=None, description="IANA name.", examples=["Europe/Berlin"])
    custom_fields: JsonObject | None = None
    owner_id: UuidText | None = Field(default=None, description="The user who looks after it.")


class UpdateContactBody(Body):
    """Changes to a contact; what is left out or null stays, an empty string takes away."""

    model_config = examples({"first_name": "Ada", "custom_fields": {"plan": None}})

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = None
    custom_fields: JsonObject | None = Field(
        default=None, description="Merged by name; a null in it removes the field."
    )
    owner_id: UuidOrEmpty | None = None
    etag: Etag | None = Field(default=None, description="As If-Match.")


class ContactBatchBody(Body):
    """Up to 1,000 new contacts at once: all or none."""

    model_config = examples({"contacts": [_CONTACT_EXAMPLE]})

    contacts: list[ContactBody] = Field(min_length=1, max_length=1000)


class Contact(Resource):
    """A person whom workflows run for."""

    id: Id
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None
    timezone: str | None
    custom_fields: JsonObject
    tags: list[str] = Field(description="By name.")
    owner_id: Id | None
    created_at: datetime
    updated_at: datetime
    etag: str


class ContactList(Resource):
    """Contacts, newest first."""

    contacts: list[Contact]
    next_page_token: str | None = Field(description="null on the last page.")


class CreatedContacts(Resource):
    """The new contacts, in the order of the request."""

    contact_ids: list[Id]


class CreateEmailTemplateBody(Body):
    """A new email template."""

    model_config = examples(
        {"name": "Welcome", "html_body": "<p>Welcome, {{contact.first_name}}!</p>"}
    )

    id: UuidText | None = Field(default=None, description="Made up when left out.")
    name: str = Field(min_length=1)
    html_body: str = Field(min_length=1, description="Liquid; values are escaped.")
    text_body: str | None = Field(
        default=None, description="Liquid; sent as the plain-text alternative when given."
    )


class UpdateEmailTemplateBody(Body):
    """Changes to an email template; what is left out or null stays."""

    model_config = examples({"html_body": "<p>Good to have you, {{contact.first_name}}!</p>"})

    name: str | None = None
    html_body: str | None = Field(default=None, description="Liquid; values are escaped.")
    text_body: str | None = Field(
        default=None, description="Liquid; an empty string takes it away."
    )


class EmailTemplate(Resource):
    """The body of an email that `send_email` sends."""

    id: Id
    name: str
    html_body: str
    text_body: str | None
    created_at: datetime
    updated_at: datetime


class EmailTemplateList(Resource):
    """Email templates, by name."""

    templates: list[EmailTemplate]
    next_page_token: str | None = Field(description="null on the last page.")
