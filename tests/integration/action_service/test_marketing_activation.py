"""A workflow with marketing email becomes active only where the sender has a postal address."""

from typing import Any

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Client, fields, refused, running_api
from treadle.account.v1 import account_pb2, account_service_pb2
from treadle.contact.v1 import contact_service_pb2


async def email(client: Client, workflow_id: str, **values: Any) -> str:
    """The id of a new action that sends an email."""
    template = contact_service_pb2.CreateEmailTemplateRequest(
        name="News", html_body="{{ account.postal_address }} {{ unsubscribe_url }}"
    )
    made = await client.contacts.CreateEmailTemplate(template)
    config = {
        "template_id": made.template.id,
        "subject": "News",
        "from_name": "Bakery",
        "from_email": "news@example.com",
        **values,
    }
    return (await client.add(workflow_id, {"send_email": config})).id


@pytest.mark.parametrize("default", ["", "1 Main Street"], ids=["none", "default"])
async def test_marketing_email_needs_a_postal_address(database_url: str, default: str) -> None:
    async with running_api(database_url, postal_address=default) as api:
        client = await api.client()
        workflow = await client.workflow()
        action_id = await email(client, workflow.id)
        if not default:
            error = await refused(client.activate(workflow.id), ErrorReason.WORKFLOW_NOT_VALID)
            assert fields(error) == [f"actions[{action_id}].config.purpose"]
            assert "PATCH /api/v1/account" in error.violations[0].description
            account = account_pb2.Account(postal_address="2 Side Street")
            await client.account.UpdateAccount(
                account_service_pb2.UpdateAccountRequest(account=account)
            )
        await client.activate(workflow.id)


async def test_transactional_email_needs_none(database_url: str) -> None:
    async with running_api(database_url, postal_address="") as api:
        client = await api.client()
        workflow = await client.workflow()
        await email(client, workflow.id, purpose="SEND_PURPOSE_TRANSACTIONAL")
        await client.activate(workflow.id)
