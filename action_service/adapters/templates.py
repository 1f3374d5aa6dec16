"""Email templates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from action_service.adapters.sql import Listing, Repository
from action_service.domain.contact import EmailTemplate

_COLUMNS = "id, name, html_body, text_body, created_at, updated_at"
_GET = text(
    f"SELECT {_COLUMNS} FROM email_templates WHERE account_id = :account AND id = :id"  # noqa: S608 - made of constants, as all below
)
_LOCK = text(f"{_GET.text} FOR NO KEY UPDATE")
_PAGE = Listing(
    f"SELECT {_COLUMNS} FROM email_templates WHERE account_id = :account",  # noqa: S608
    {"after": "name > CAST(:after AS text)"},
    "name",
)
_ADD = text(
    f"""
    INSERT INTO email_templates (id, account_id, name, html_body, text_body)
    VALUES (:id, :account, :name, :html_body, :text_body)
    RETURNING {_COLUMNS}
    """  # noqa: S608
)
_UPDATE = text(
    f"""
    UPDATE email_templates
    SET name = :name, html_body = :html_body, text_body = :text_body, updated_at = now()
    WHERE account_id = :account AND id = :id
    RETURNING {_COLUMNS}
    """  # noqa: S608
)


class TemplateReader(Repository):
    """Reads templates."""

    async def get(self, template_id: UUID) -> EmailTemplate | None:
        """The template; None when the account has no such one."""
        row = (await self._run(_GET, id=template_id)).first()
        return None if row is None else _template(row)

    async def list_page(self, *, limit: int, after: str | None) -> Sequence[EmailTemplate]:
        """By name, those after the name `after`."""
        return [_template(row) for row in await self._list(_PAGE, limit, after=after)]


class TemplateWriter(TemplateReader):
    """Reads and changes templates."""

    async def add(
        self, template_id: UUID, *, name: str, html_body: str, text_body: str
    ) -> EmailTemplate:
        """Stores a template."""
        added = await self._run(
            _ADD, id=template_id, name=name, html_body=html_body, text_body=text_body
        )
        return _template(added.one())

    async def lock(self, template_id: UUID) -> EmailTemplate | None:
        """The template, kept from every other change until the transaction ends."""
        row = (await self._run(_LOCK, id=template_id)).first()
        return None if row is None else _template(row)

    async def update(self, template: EmailTemplate) -> EmailTemplate:
        """Sets name and bodies."""
        updated = await self._run(
            _UPDATE,
            id=template.id,
            name=template.name,
            html_body=template.html_body,
            text_body=template.text_body,
        )
        return _template(updated.one())


def _template(row: Row[Any]) -> EmailTemplate:
    return EmailTemplate(
        id=row.id,
        name=row.name,
        html_body=row.html_body,
        text_body=row.text_body,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
