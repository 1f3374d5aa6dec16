"""Makes what the load works upon: contacts, workflows, and what both point to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from devstack.stack import DEV_ACCOUNT, Stack
from tests.chaos.load import Site
from tests.chaos.model import Plan
from tests.chaos.plans import (
    MEETING,
    Places,
    found,
    plans,
    standing_refusals,
)
from tests.support.e2e_messenger import FacebookPage
from tests.support.e2e_rest import Customer, Json, phone
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

_CONTACTS: Final = 40
BUSY: Final = frozenset(phone(number) for number in range(0, _CONTACTS, 4))
"""Whose line is busy whenever they are called."""


def settle(
    stack: Stack, providers: Providers, names: Sequence[str]
) -> tuple[tuple[Plan, ...], Site]:
    """Makes the workflows of these names, all that they need, and contacts."""
    standing_refusals(providers)
    for number in sorted(BUSY):
        providers.becomes("twilio_voice", "busy", number)
    headers = {"authorization": f"Bearer {stack.token()}"}
    with httpx.Client(
        base_url=stack.gateway_url, headers=headers, timeout=30, trust_env=False
    ) as http:
        api = Customer(http)
        seller = {"name": "Ann", "email": "ann@example.com", "phone": phone(9999), "role": "sales"}
        api.post("users", seller)
        contacts: list[str] = api.post("contacts/batch", {"contacts": _people()})["contact_ids"]
        flows = plans(_places(stack, api, contacts, names), names)
        # Those that events start come first, so that no event is too early.
        workflows = {
            plan.name: found(api, plan)
            for plan in sorted(flows, key=lambda plan: not plan.started_by_event)
        }
    return flows, Site(stack.gateway_url, stack.token(), workflows, contacts)


def _people() -> list[Json]:
    """Each has a meeting within the first minute, until somebody puts it off."""
    now = datetime.now(UTC)
    return [
        {
            "first_name": f"N{number}",
            "phone": phone(number),
            "email": f"n{number}@example.com",
            "custom_fields": {MEETING: (now + timedelta(seconds=1.5 * number)).isoformat()},
        }
        for number in range(_CONTACTS)
    ]


def _places(stack: Stack, api: Customer, contacts: Sequence[str], names: Sequence[str]) -> Places:
    template = {"name": "Hello", "html_body": "<p>Hello {{contact.first_name}}</p>"}
    page = FacebookPage(stack, api, DEV_ACCOUNT) if "chats" in names else None
    if page is not None:
        for contact in contacts:
            page.write(contact, "", ref=contact)
        assert eventually(lambda: len(page.people()) == len(contacts))
    return Places(
        stack.simulator_url,
        template=api.post("email-templates", template)["id"],
        page=page.id if page is not None else "",
    )
