"""The links of marketing email, from the gateway's page to what is kept and to who hears of it."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from common.contact_links import ContactLink
from common.gateway_token import gateway_token
from gateway.routes.preferences import RATE_LIMIT
from gateway.settings import GatewaySettings
from tests.support.action_api import LINKS, SECRET, Api, Client
from tests.support.gateway import running_gateway
from treadle.account.v1 import account_pb2, account_service_pb2
from treadle.compliance.v1 import compliance_pb2, compliance_service_pb2
from treadle.contact.v1.contact_pb2 import Contact

EMAIL = "ann.heron@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BOX = re.compile(r'<input type="checkbox" name="(?P<name>[\w.]+)" value="on"(?P<ticked> checked)?>')


@pytest.fixture
async def page(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=api.address,
        scheduler_target=api.address,
        stop_grace_seconds=2,
        service_token=SecretStr(gateway_token(SECRET, timedelta(minutes=5))),
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_gateway(settings))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60))


@pytest.fixture
async def contact(client: Client) -> Contact:
    settings = account_pb2.Account(name="Bakery <Öz>")
    await client.account.UpdateAccount(account_service_pb2.UpdateAccountRequest(account=settings))
    return await client.contact(email=EMAIL, phone="+4915112345678", first_name="Ann")


def path_of(client: Client, contact: Contact, address: str = EMAIL) -> str:
    link = ContactLink(client.account_id, UUID(contact.id), uuid4(), address)
    return f"/u/{LINKS.seal(link)}"


def boxes(page: str) -> dict[str, bool]:
    return {box["name"]: bool(box["ticked"]) for box in BOX.finditer(page)}


async def kept(client: Client, contact: Contact) -> compliance_service_pb2.ListConsentsResponse:
    request = compliance_service_pb2.ListConsentsRequest(contact_id=contact.id)
    return await client.compliance.ListConsents(request)


async def heard(api: Api) -> list[object]:
    return [name for (name,) in await api.rows("SELECT event_type FROM event_outbox ORDER BY id")]


ALL = {
    f"{channel}.{purpose}": True
    for channel in ("email", "sms", "voice")
    for purpose in ("marketing", "transactional")
}


async def test_get_shows_and_never_unsubscribes(
    api: Api, client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    for _ in range(2):
        assert (await page.get(path, params=ONE_CLICK)).status_code == 200
    shown = await page.get(path)
    assert boxes(shown.text) == ALL
    assert "Bakery &lt;Öz&gt;" in shown.text
    assert "a…@example.com" in shown.text
    assert EMAIL not in shown.text
    assert not (await kept(client, contact)).consents
    assert await heard(api) == ["contact_created"]
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert shown.headers["x-robots-tag"] == "noindex, nofollow"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["cache-control"] == "no-store"
    assert "set-cookie" not in shown.headers
    assert not re.search(r"<script|https?://|src=", shown.text)


@pytest.mark.parametrize("encoding", ["form", "multipart"])
async def test_one_click_unsubscribes_at_once_and_once(
    api: Api, client: Client, contact: Contact, page: httpx.AsyncClient, encoding: str
) -> None:
    path = path_of(client, contact)
    for _ in range(2):
        if encoding == "form":
            answer = await page.post(path, data=ONE_CLICK)
        else:
            answer = await page.post(path, files={"List-Unsubscribe": (None, "One-Click")})
        assert answer.status_code == 200
        assert not answer.history
    found = await kept(client, contact)
    (suppression,) = found.suppressions
    assert suppression.channel == compliance_pb2.CHANNEL_EMAIL
    assert suppression.address == EMAIL
    assert suppression.scope == compliance_pb2.SUPPRESSION_SCOPE_MARKETING
    assert suppression.cause == compliance_pb2.SUPPRESSION_CAUSE_UNSUBSCRIBE
    assert suppression.created_by == "contact"
    assert suppression.detail == "one-click unsubscribe"
    (consent,) = found.consents
    assert consent.status == compliance_pb2.CONSENT_STATUS_WITHDRAWN
    assert consent.source == "one-click unsubscribe"
    assert consent.changed_by == "contact"
    assert (await heard(api)).count("email_unsubscribed") == 1
    audited = await api.rows("SELECT operation, actor FROM audit_log ORDER BY id")
    operations = [operation for operation, _ in audited]
    assert operations.count("suppression.added") == operations.count("consent.withdrawn") == 1
    assert boxes((await page.get(path)).text)["email.marketing"] is False


async def test_the_address_of_the_email_is_meant_and_the_contact_too(
    client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact, "Old.Ann@example.com")
    assert (await page.post(path, data=ONE_CLICK)).status_code == 200
    found = await kept(client, contact)
    assert [c.status for c in found.consents] == [compliance_pb2.CONSENT_STATUS_WITHDRAWN]
    listed = await client.compliance.ListSuppressions(
        compliance_service_pb2.ListSuppressionsRequest(address="old.ann@example.com")
    )
    assert len(listed.suppressions) == 1


async def test_preferences_are_saved_and_can_be_taken_back(
    api: Api, client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    shown = list(ALL)
    ticked = {name: "on" for name in ALL if name not in {"email.marketing", "voice.marketing"}}
    await page.post(f"{path}/preferences", data={"shown": shown, **ticked})
    saved = await page.post(f"{path}/preferences", data={"shown": shown, **ticked})
    assert saved.status_code == 200
    assert "saved" in saved.text
    assert boxes(saved.text) == {name: name in ticked for name in ALL}
    found = await kept(client, contact)
    assert [s.cause for s in found.suppressions] == [compliance_pb2.SUPPRESSION_CAUSE_UNSUBSCRIBE]
    assert len(found.consents) == 2
    assert (await heard(api)).count("email_unsubscribed") == 1

    back = await page.post(f"{path}/preferences", data={"shown": shown, **dict.fromkeys(ALL, "on")})
    assert boxes(back.text) == ALL
    found = await kept(client, contact)
    assert not found.suppressions
    assert {c.status for c in found.consents} == {compliance_pb2.CONSENT_STATUS_GRANTED}


async def test_what_the_form_does_not_show_stays(
    client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    saved = await page.post(f"{path}/preferences", data={"shown": ["sms.marketing", "fax.x"]})
    assert boxes(saved.text) == ALL | {"sms.marketing": False}


async def test_a_bounce_cannot_be_lifted_by_a_link(
    client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    bounce = compliance_pb2.Suppression(
        channel=compliance_pb2.CHANNEL_EMAIL,
        address=EMAIL,
        cause=compliance_pb2.SUPPRESSION_CAUSE_BOUNCE,
    )
    await client.compliance.AddSuppression(
        compliance_service_pb2.AddSuppressionRequest(suppression=bounce)
    )
    path = path_of(client, contact)
    shown = (await page.get(path)).text
    assert "email.marketing" not in boxes(shown)
    assert shown.count("(blocked)") == 2
    data = {"shown": ["email.marketing"], "email.marketing": "on"}
    await page.post(f"{path}/preferences", data=data)
    found = await kept(client, contact)
    assert [s.cause for s in found.suppressions] == [compliance_pb2.SUPPRESSION_CAUSE_BOUNCE]


@pytest.mark.parametrize(
    "token", ["x", "A" * 140, "A" * 700, "%3Cscript%3E", "a.b", "é"], ids=range(6)
)
async def test_a_link_that_is_not_ours_gets_a_friendly_page(
    page: httpx.AsyncClient, token: str
) -> None:
    for answer in (
        await page.get(f"/u/{token}"),
        await page.post(f"/u/{token}", data=ONE_CLICK),
        await page.post(f"/u/{token}/preferences", data={"shown": "email.marketing"}),
    ):
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "This link does not work" in answer.text
        assert "<script>" not in answer.text


async def test_a_post_that_says_nothing_changes_nothing(
    client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    for body in (b"", b"List-Unsubscribe=Two-Clicks", b"\xff" * 100, b"a=1&" * 101):
        answer = await page.post(path, content=body)
        assert answer.status_code == 400
    assert (await page.post(path, content=b"x" * 20_000)).status_code == 413
    assert not (await kept(client, contact)).consents


@pytest.mark.parametrize(
    "part",
    [
        b"Content-Disposition: form-data; name*" + b"1" * 5000 + b"=List-Unsubscribe",
        b"Content-Disposition: form-data; name=x\r\nContent-Type: text/plain; charset=\0",
        b"Content-Disposition: form-data\r\nContent-Type: text/plain; charset*=utf-8'x'%ff",
    ],
    ids=["number", "NUL", "charset"],
)
async def test_a_form_that_no_browser_sends_changes_nothing(
    client: Client, contact: Contact, page: httpx.AsyncClient, part: bytes
) -> None:
    answer = await page.post(
        path_of(client, contact),
        content=b"--a\r\n" + part + b"\r\n\r\n\xff\r\n--a--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=a"},
    )
    assert answer.status_code == 400
    assert not (await kept(client, contact)).consents


async def test_one_link_changes_so_much_a_minute(
    client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    codes = [(await page.post(path, data=ONE_CLICK)).status_code for _ in range(RATE_LIMIT + 1)]
    assert codes == [200] * RATE_LIMIT + [429]
    assert (await page.post(path_of(client, contact), data=ONE_CLICK)).status_code == 200


async def test_without_the_api_the_page_asks_to_come_back(
    api: Api, client: Client, contact: Contact, page: httpx.AsyncClient
) -> None:
    path = path_of(client, contact)
    await api.resources.aclose()
    answer = await page.post(path, data=ONE_CLICK)
    assert answer.status_code == 503
    assert "Please try again" in answer.text
