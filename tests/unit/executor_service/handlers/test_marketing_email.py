"""send_email for marketing: DECISIONS of CAN-SPAM and RFC 8058."""

from typing import Any
from uuid import UUID

import pytest

from common.contact_links import ContactLink
from executor_service.marketing import Imprints
from executor_service.ports import EmailTemplate
from tests.unit.executor_service.handlers.harness import (
    CONTEXT,
    IMPRINTS,
    LINKS,
    TEMPLATE_ID,
    Bench,
    Case,
)

BASE = "https://treadle.example.com/u/"
CONFIG: dict[str, Any] = {
    "template_id": TEMPLATE_ID,
    "subject": "News",
    "from_name": "Bakery",
    "from_email": "news@example.com",
}
TRANSACTIONAL = CONFIG | {"purpose": "transactional"}
MARKETING = [CONFIG, CONFIG | {"purpose": "marketing"}]


def sent(bench: Bench) -> dict[str, Any]:
    (message,) = bench.inbox("sendgrid")
    return message


@pytest.mark.parametrize("config", MARKETING, ids=["by default", "as configured"])
async def test_marketing_shows_address_and_links(bench: Bench, config: dict[str, Any]) -> None:
    task = bench.task("send_email", config)
    await bench.run(task)
    message = sent(bench)
    headers = message["details"]["headers"]
    url = headers["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in (message["html"], message["text"]):
        assert "Bakery, 1 Main Street" in part
        assert f"{url}#preferences" in part
        assert part.count(url) == 2
    assert LINKS.open(url.removeprefix(BASE)) == ContactLink(
        UUID(task.account_id),
        UUID(task.contact_id),
        UUID(task.action_execution_id),
        "ann@example.com",
    )


async def test_the_accounts_own_address_comes_first(bench: Bench) -> None:
    account = {**CONTEXT["account"], "postal_address": "2 Side Street"}
    await bench.result("send_email", CONFIG, {**CONTEXT, "account": account})
    message = sent(bench)
    assert "2 Side Street" in message["html"]
    assert "1 Main Street" not in message["html"]


async def test_template_places_address_and_links_itself(bench: Bench) -> None:
    bench.templates.templates[TEMPLATE_ID] = EmailTemplate(
        '<p>{{ account.postal_address }} <a href="{{ unsubscribe_url }}">x</a>'
        '<a href="{{ preferences_url }}">y</a></p>',
        "{{ account.postal_address }} {{ unsubscribe_url }} {{ preferences_url }}",
    )
    await bench.result("send_email", CONFIG)
    message = sent(bench)
    assert message["html"].startswith("<p>Bakery, 1 Main Street <a href=")
    assert "Unsubscribe" not in message["html"] + message["text"]


async def test_transactional_has_none_of_it(bench: Bench) -> None:
    await bench.result("send_email", TRANSACTIONAL)
    message = sent(bench)
    assert message["details"]["headers"] == {}
    assert BASE not in message["html"] + message["text"]


@pytest.mark.parametrize(
    ("imprints", "missing"),
    [
        (Imprints(None, BASE, "1 Main Street"), "TREADLE_LINK_KEY is not set"),
        (Imprints(LINKS, "", "1 Main Street"), "TREADLE_EXECUTOR_PUBLIC_URL is not set"),
        (Imprints(LINKS, BASE, ""), "set it with PATCH /api/v1/account"),
    ],
    ids=["key", "url", "address"],
)
async def test_what_is_missing_is_named_and_transactional_goes_on(
    bench: Bench, imprints: Imprints, missing: str
) -> None:
    bench.use(provider_url=bench.url, imprints=imprints)
    refused = Case(
        "refused",
        CONFIG,
        outcome="failed",
        error="invalid_config",
        message=missing,
        sent=0,
        claims=0,
    )
    await bench.check("send_email", "sendgrid", refused)
    await bench.check("send_email", "sendgrid", Case("goes on", TRANSACTIONAL, sent=1))


async def test_text_alone_is_sent_as_text(bench: Bench) -> None:
    bench.use(provider_url=bench.url, imprints=IMPRINTS)
    bench.templates.templates[TEMPLATE_ID] = EmailTemplate("", "Hi")
    await bench.result("send_email", CONFIG)
    message = sent(bench)
    assert message["html"] == ""
    assert message["text"].startswith("Hi\n\n-- \nBakery, 1 Main Street\nUnsubscribe: ")
