"""What use cases need of the store for contacts and email templates; see `ports`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from action_service.domain.contact import Contact, ContactValues, EmailTemplate
from action_service.domain.custom_fields import CustomFieldType
from action_service.domain.import_batch import Existing


class ContactReads(Protocol):
    """Contacts."""

    async def get(self, contact_id: UUID) -> Contact | None:
        """The contact; None when the account has no such one."""
        ...

    async def list_page(
        self, *, limit: int, before: UUID | None, email: str | None, tag: str | None
    ) -> Sequence[Contact]:
        """Newest first, those older than `before`."""
        ...

    async def known_users(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids that are users of the account."""
        ...

    async def field_types(self, names: Collection[str]) -> Mapping[str, CustomFieldType]:
        """The types of those of the custom fields that are declared."""
        ...


class ContactWrites(ContactReads, Protocol):
    """Changes of contacts."""

    async def lock(self, contact_id: UUID) -> Contact | None:
        """The contact, kept from every other change until the transaction ends."""
        ...

    async def add(self, contacts: Sequence[tuple[UUID, ContactValues]]) -> frozenset[UUID]:
        """Stores the contacts whose email is free; returns the ids of those stored."""
        ...

    async def update(self, contact_id: UUID, values: ContactValues) -> Contact:
        """Sets all values; raises ALREADY_EXISTS when the email is taken."""
        ...

    async def by_emails(self, emails: Collection[str], *, lock: bool) -> Mapping[str, Existing]:
        """The contacts that have one of the emails, by email; both in lower case.

        With `lock` they are kept from every other change until the transaction ends.
        """
        ...

    async def update_all(self, values: Mapping[UUID, ContactValues]) -> None:
        """Sets all values of contacts that `by_emails` has locked, but for the emails."""
        ...

    async def tag(self, tags: Sequence[tuple[UUID, str]]) -> Sequence[tuple[UUID, UUID, str]]:
        """Puts tags on contacts, by name, and creates those that do not exist.

        Returns contact, tag and its name for each one that the contact did not have.
        """
        ...


class TemplateReads(Protocol):
    """Email templates."""

    async def get(self, template_id: UUID) -> EmailTemplate | None:
        """The template; None when the account has no such one."""
        ...

    async def list_page(self, *, limit: int, after: str | None) -> Sequence[EmailTemplate]:
        """By name, those after the name `after`."""
        ...


class TemplateWrites(TemplateReads, Protocol):
    """Changes of email templates."""

    async def add(
        self, template_id: UUID, *, name: str, html_body: str, text_body: str
    ) -> EmailTemplate:
        """Stores a template; raises ALREADY_EXISTS when id or name is taken."""
        ...

    async def lock(self, template_id: UUID) -> EmailTemplate | None:
        """The template, kept from every other change until the transaction ends."""
        ...

    async def update(self, template: EmailTemplate) -> EmailTemplate:
        """Sets name and bodies; raises ALREADY_EXISTS when the name is taken."""
        ...
