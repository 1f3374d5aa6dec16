"""Email templates: the bodies of send_email, and of what welcomes a contact to a course."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from action_service.domain.changes import difference
from action_service.domain.contact import EmailTemplate
from action_service.domain.plan import Json
from action_service.use_cases.checks import text_violations
from action_service.use_cases.ports import Change, Transaction, Writer
from common import templating
from common.errors import FieldViolation, invalid, not_found
from common.ids import new_id

_MAX_NAME = 200
_MAX_BODY = templating.MAX_SOURCE
# Of the emails that welcome to a course, and of those that send_email sends.
_ROOTS = ("course", "unsubscribe_url", "preferences_url")


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
    _check(name, html_body, text_body)
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


async def update_template(
    tx: Writer,
    template_id: UUID,
    *,
    name: str | None,
    html_body: str | None,
    text_body: str | None,
) -> EmailTemplate:
    """Sets what is given."""
    before = await tx.templates.lock(template_id)
    if before is None:
        raise not_found("email template", template_id)
    given = {"name": name, "html_body": html_body, "text_body": text_body}
    after = replace(before, **{field: text for field, text in given.items() if text is not None})
    _check(after.name, after.html_body, after.text_body)
    changed = difference(_facts(before), _facts(after))
    if not changed:
        return before
    stored = await tx.templates.update(after)
    tx.record(
        Change(
            operation="email_template.updated",
            entity_type="email_template",
            entity_id=template_id,
            before=changed.before,
            after=changed.after,
        )
    )
    return stored


def _facts(template: EmailTemplate) -> dict[str, Json]:
    return {
        "name": template.name,
        "html_body": template.html_body,
        "text_body": template.text_body,
    }


def _check(name: str, html_body: str, text_body: str) -> None:
    found = [
        *text_violations("name", name, max_length=_MAX_NAME, required=True),
        *_body_violations("html_body", html_body, required=True),
        *_body_violations("text_body", text_body, required=False),
    ]
    if found:
        raise invalid(found)


def _body_violations(field: str, body: str, *, required: bool) -> Iterator[FieldViolation]:
    found = list(
        text_violations(field, body, max_length=_MAX_BODY, required=required, multi_line=True)
    )
    yield from found
    if not found:
        for problem in templating.check(body, _ROOTS):
            yield FieldViolation(field, f"is not a valid template: {problem}")
