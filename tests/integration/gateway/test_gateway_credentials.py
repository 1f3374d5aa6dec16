"""Credentials over REST, before the real API: set, seen, replaced, deleted, and never shown."""

from base64 import b64encode
from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.support.record_rest import RecordRest, pointers, record_rest
from treadle.credential.v1 import credential_pb2

CANARY = "canary-5c7d20b94e11-aa90-Zx8q"
BODIES: dict[str, dict[str, str]] = {
    "sendgrid": {"api_key": CANARY},
    "twilio": {"account_sid": "AC" + "1" * 32, "auth_token": CANARY},
    "stripe": {"secret_key": CANARY, "webhook_secret": CANARY},
    "facebook_page": {"page_id": "77", "access_token": CANARY, "app_secret": CANARY},
    "webhook_signing": {"secret": "whsec_" + b64encode(CANARY.encode()).decode()},
}
URL = "/api/v1/credentials"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


def test_every_provider_has_a_body() -> None:
    assert set(BODIES) == {field.name for field in credential_pb2.Secret.DESCRIPTOR.fields}


def shown(answer: httpx.Response, status: int = 200) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)
    return answer.json()


async def test_a_credential_from_its_first_day_to_its_last(rest: RecordRest) -> None:
    for provider, body in BODIES.items():
        url = f"{URL}/{provider}"
        assert (await rest.admin.get(url)).status_code == 404
        first = shown(put := await rest.admin.put(url, json=body))
        assert (first["provider"], first["name"]) == (provider, "default")
        assert any(value.endswith(first["hint"]) for value in body.values())
        assert not any(value in put.text for value in body.values() if CANARY in value)
        assert put.headers["etag"] == f'"{first["etag"]}"'
        assert shown(await rest.viewer.get(url)) == first
        stale = {"If-Match": '"other"'}
        assert (await rest.admin.put(url, json=body, headers=stale)).status_code == 412
        current = {"If-Match": put.headers["etag"]}
        second = shown(await rest.admin.put(url, json=body, headers=current))
        assert second["etag"] != first["etag"]
        assert (await rest.admin.delete(url, headers=current)).status_code == 412
        assert (await rest.admin.delete(url)).status_code == 204
        assert (await rest.admin.delete(url)).status_code == 404


async def test_a_signing_secret_is_made_and_shown_once(rest: RecordRest) -> None:
    url = f"{URL}/webhook_signing"
    made = await rest.admin.post(f"{url}/rotate")
    assert made.status_code == 200
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    assert made.headers["etag"] == f'"{made.json()["etag"]}"'
    shown = await rest.viewer.get(url)
    assert shown.json() == {name: each for name, each in made.json().items() if name != "secret"}
    stale = {"If-Match": '"other"'}
    assert (await rest.admin.post(f"{url}/rotate", headers=stale)).status_code == 412
    assert (await rest.viewer.post(f"{url}/rotate")).status_code == 403
    refused = await rest.admin.put(url, json={"secret": "whsec_short"})
    assert set(pointers(refused)) == {"/secret"}
    assert "24 to 64 bytes" in refused.text


async def test_several_for_one_provider(rest: RecordRest) -> None:
    url = f"{URL}/facebook_page"
    for name in ("page-b", "page-a"):
        shown(await rest.admin.put(url, json=BODIES["facebook_page"], params={"name": name}))
    shown(await rest.admin.put(f"{URL}/twilio", json=BODIES["twilio"]))
    listed = await rest.viewer.get(URL)
    assert CANARY not in listed.text
    assert [(each["provider"], each["name"]) for each in listed.json()["credentials"]] == [
        ("facebook_page", "page-a"),
        ("facebook_page", "page-b"),
        ("twilio", "default"),
    ]
    assert (await rest.admin.get(url)).status_code == 404
    assert shown(await rest.admin.get(url, params={"name": "page-a"}))["name"] == "page-a"
    assert (await rest.admin.get(url, params={"name": "a/b"})).status_code == 400


async def test_who_may_do_what(rest: RecordRest) -> None:
    url = f"{URL}/sendgrid"
    shown(await rest.admin.put(url, json=BODIES["sendgrid"]))
    refused = await rest.viewer.put(url, json=BODIES["sendgrid"])
    assert refused.status_code == 403
    assert CANARY not in refused.text
    assert (await rest.viewer.delete(url)).status_code == 403
    assert (await rest.stranger.get(url)).status_code == 404
    assert (await rest.stranger.delete(url)).status_code == 404
    assert (await rest.stranger.get(URL)).json() == {"credentials": []}
    assert (await rest.admin.get(f"{URL}/paypal")).status_code == 404
    assert (await rest.admin.post(url, json=BODIES["sendgrid"])).status_code == 405


@pytest.mark.parametrize(
    ("provider", "body", "at"),
    [
        ("sendgrid", {}, {"/api_key"}),
        ("sendgrid", {"api_key": None}, {"/api_key"}),
        ("sendgrid", {"api_key": [CANARY]}, {"/api_key"}),
        ("sendgrid", {"api_key": f"{CANARY}\n"}, {"/api_key"}),
        ("sendgrid", {"api_key": CANARY * 30}, {"/api_key"}),
        ("sendgrid", {"api_key": "********"}, {"/api_key"}),
        ("sendgrid", {"api_key": CANARY, "token": CANARY}, {"/token"}),
        ("twilio", {"auth_token": CANARY, "account_sid": "a/b"}, {"/account_sid"}),
        ("twilio", {"auth_token": 1}, {"/auth_token", "/account_sid"}),
        ("facebook_page", {"app_secret": CANARY}, {"/page_id", "/access_token"}),
    ],
)
async def test_refusals_point_at_the_field_and_repeat_nothing(
    rest: RecordRest, provider: str, body: dict[str, object], at: set[str]
) -> None:
    answer = await rest.admin.put(f"{URL}/{provider}", json=body)
    assert set(pointers(answer)) == at
    assert CANARY not in answer.text
