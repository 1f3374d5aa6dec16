"""Email templates: the bodies that `send_email` sends."""

from typing import Final

from fastapi import APIRouter, Response

from gateway.headers import CallerDep, RequestIdDep, UpstreamDep
from gateway.mapping.contacts import email_template, email_template_list
from gateway.models.contacts import (
    CreateEmailTemplateBody,
    EmailTemplate,
    EmailTemplateList,
    UpdateEmailTemplateBody,
)
from gateway.openapi import CREATES
from gateway.parameters import DEFAULT_PAGE_SIZE, PageSize, PageToken, TemplateId
from gateway.pointers import BodyFields
from gateway.requests import StrictRoute
from treadle.contact.v1 import contact_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/email-templates", tags=["email templates"], route_class=StrictRoute
)
_CREATE_FIELDS: Final = BodyFields.of(CreateEmailTemplateBody, moved={("template_id",): ("id",)})
_UPDATE_FIELDS: Final = BodyFields.of(UpdateEmailTemplateBody)


@router.post("", status_code=201, operation_id="createEmailTemplate", responses=CREATES)
async def create_email_template(
    body: CreateEmailTemplateBody,
    request_id: RequestIdDep,
    caller: CallerDep,
    upstream: UpstreamDep,
    response: Response,
) -> EmailTemplate:
    """Create an email template."""
    request = pb.CreateEmailTemplateRequest(
        template_id=body.id or "",
        name=body.name,
        html_body=body.html_body,
        text_body=body.text_body or "",
        request_id=request_id,
    )
    answer = await caller.call(
        upstream.contacts.CreateEmailTemplate, request, fields=_CREATE_FIELDS
    )
    response.headers["Location"] = f"/api/v1/email-templates/{answer.template.id}"
    return email_template(answer.template)


@router.get("", operation_id="listEmailTemplates")
async def list_email_templates(
    caller: CallerDep,
    upstream: UpstreamDep,
    page_size: PageSize = DEFAULT_PAGE_SIZE,
    page_token: PageToken = "",
) -> EmailTemplateList:
    """List email templates, by name."""
    request = pb.ListEmailTemplatesRequest(page_size=page_size, page_token=page_token)
    return email_template_list(await caller.call(upstream.contacts.ListEmailTemplates, request))


@router.get("/{template_id}", operation_id="getEmailTemplate")
async def get_email_template(
    template_id: TemplateId, caller: CallerDep, upstream: UpstreamDep
) -> EmailTemplate:
    """Show one email template."""
    request = pb.GetEmailTemplateRequest(template_id=template_id)
    answer = await caller.call(upstream.contacts.GetEmailTemplate, request)
    return email_template(answer.template)


@router.patch("/{template_id}", operation_id="updateEmailTemplate")
async def update_email_template(
    template_id: TemplateId,
    body: UpdateEmailTemplateBody,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> EmailTemplate:
    """Change an email template; emails from half a minute later on are made of the new one."""
    request = pb.UpdateEmailTemplateRequest(
        template_id=template_id,
        name=body.name,
        html_body=body.html_body,
        text_body=body.text_body,
    )
    answer = await caller.call(
        upstream.contacts.UpdateEmailTemplate, request, fields=_UPDATE_FIELDS
    )
    return email_template(answer.template)
