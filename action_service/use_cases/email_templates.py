"""Email templates: the bodies of send_email."""

from collections.abc import Iterator
from uuid import UUID

from action_service.domain.contact import EmailTemplate
from action_service.use_cases.checks import text_violations
from action_service.use_cases.ports import Change, Transaction, Writer
from common import templating
from common.errors import FieldViolation, invalid, not_found
from common.ids import new_id

_MAX_NAME = 200
_MAX_BODY = templating.MAX_SOURCE


async def get_template(tx: Transaction, template_id: UUID) -> EmailTemplate:
    """The template; refuses one that is not there."""
    template = await tx.templates.get(template_id)
    if template is None:
        raise not_found("email template", template_id)
    return template


async def create_template(
    tx: Writer, template_id: UUID | None, *, name: str, html_body: str, text_body: str
) -> EmailTemplate:
    """Stores a template whose bodies are valid Liquid."""
    found = [
        *text_violations("name", name, max_length=_MAX_NAME, required=True),
        *_body_violations("html_body", html_body, required=True),
        *_body_violations("text_body", text_body, required=False),
    ]
    if found:
        raise invalid(found)
    template = await tx.templates.add(
        template_id or new_id(), name=name, html_body=html_body, text_body=text_body
    )
    tx.record(
        Change(
            operation="email_template.created",
            entity_type="email_template",
            entity_id=template.id,
            after={"name": name},
        )
    )
    return template


def _body_violations(field: str, body: str, *, required: bool) -> Iterator[FieldViolation]:
    found = list(
        text_violations(field, body, max_length=_MAX_BODY, required=required, multi_line=True)
    )
    yield from found
    if not found:
        for problem in templating.check(body):
            yield FieldViolation(field, f"is not a valid template: {problem}")
