"""Consents, suppressions and the account's settings over REST, before the real API."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.support.record_rest import RecordRest, pointers, record_rest

NUMBER = "+14155550100"
SUPPRESSIONS = "/api/v1/suppressions"
ACCOUNT = "/api/v1/account"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


async def contact(rest: RecordRest) -> str:
    answer = await rest.admin.post("/api/v1/contacts", json={"phone": NUMBER})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_what_a_contact_says(rest: RecordRest) -> None:
    url = f"/api/v1/contacts/{await contact(rest)}/consents"
    assert (await rest.viewer.get(url)).json() == {"consents": [], "suppressions": []}
    said = {"channel": "sms", "purpose": "marketing", "status": "granted"}
    proof = {"source": "signup form", "evidence": {"ip": "192.0.2.7"}}
    answer = await rest.admin.patch(url, json={"consents": [said | proof]})
    assert answer.status_code == 200, answer.text
    (stored,) = answer.json()["consents"]
    assert {name: stored[name] for name in said | proof} == said | proof
    assert (await rest.viewer.get(url)).json()["consents"] == [stored]
    assert (await rest.viewer.patch(url, json={"consents": [said]})).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"consents": []}, "/consents"),
        ({"consents": [{"channel": "fax", "purpose": "marketing", "status": "granted"}]}, None),
        (
            {
                "consents": [
                    {
                        "channel": "sms",
                        "purpose": "marketing",
                        "status": "granted",
                        "source": "x" * 201,
                    }
                ]
            },
            "/consents/0/source",
        ),
    ],
    ids=["none", "channel", "source"],
)
async def test_a_consent_that_cannot_be(
    rest: RecordRest, body: dict[str, Any], pointer: str | None
) -> None:
    answer = await rest.admin.patch(f"/api/v1/contacts/{await contact(rest)}/consents", json=body)
    assert answer.status_code == 422
    assert (pointer or "/consents/0/channel") in pointers(answer)


async def test_a_suppression_from_its_first_day_to_its_last(rest: RecordRest) -> None:
    contact_id = await contact(rest)
    key = {"Idempotency-Key": "0195f000-0000-7000-8000-00000000000a"}
    body = {"channel": "sms", "address": "+1 415 555 0100", "detail": "asked by letter"}
    answer = await rest.admin.post(SUPPRESSIONS, json=body, headers=key)
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert (added["address"], added["scope"], added["cause"]) == (NUMBER, "all", "manual")
    assert (await rest.admin.post(SUPPRESSIONS, json=body, headers=key)).json() == added
    whole = (await rest.admin.post(SUPPRESSIONS, json={"contact_id": contact_id})).json()
    assert (whole["channel"], whole["cause"]) == (None, "do_not_contact")
    for query, found in (
        ({}, [whole, added]),
        ({"address": NUMBER}, [added]),
        ({"channel": "sms"}, [added]),
        ({"channel": "email"}, []),
        ({"contact_id": contact_id}, [whole]),
        ({"cause": "do_not_contact"}, [whole]),
    ):
        page = (await rest.viewer.get(SUPPRESSIONS, params=query)).json()
        assert page["suppressions"] == found
    holding = (await rest.viewer.get(f"/api/v1/contacts/{contact_id}/consents")).json()
    assert holding["suppressions"] == [added, whole]
    url = f"{SUPPRESSIONS}/{added['id']}/lift"
    assert (await rest.viewer.post(url)).status_code == 403
    lifted = (await rest.admin.post(url)).json()
    assert lifted["lifted_at"]
    assert (await rest.viewer.get(SUPPRESSIONS)).json()["suppressions"] == [whole]
    everything = {"include_lifted": "true"}
    page = (await rest.viewer.get(SUPPRESSIONS, params=everything)).json()
    assert page["suppressions"] == [whole, lifted]


async def test_a_suppression_of_nobody(rest: RecordRest) -> None:
    answer = await rest.admin.post(SUPPRESSIONS, json={"channel": "sms", "address": "555"})
    assert list(pointers(answer)) == ["/address"]
    assert (await rest.admin.post(SUPPRESSIONS, json={})).status_code == 422


async def test_the_account_s_settings(rest: RecordRest) -> None:
    body = {"name": "Oak & Co", "explicit_consent_channels": ["sms"], "timezone": "Europe/Paris"}
    answer = await rest.admin.patch(ACCOUNT, json=body)
    assert answer.status_code == 200, answer.text
    stored = answer.json()
    assert {name: stored[name] for name in body} == body
    shown = await rest.viewer.get(ACCOUNT)
    assert shown.json() == stored
    assert shown.headers["etag"] == f'"{stored["etag"]}"'
    stale = await rest.admin.patch(ACCOUNT, json={"name": "Elm"}, headers={"If-Match": '"x"'})
    assert stale.status_code == 412
    cleared = await rest.admin.patch(ACCOUNT, json={"explicit_consent_channels": []})
    assert cleared.json()["explicit_consent_channels"] == []
    wrong = await rest.admin.patch(ACCOUNT, json={"timezone": "Mars/Olympus"})
    assert (wrong.status_code, list(pointers(wrong))) == (422, ["/timezone"])
    assert (await rest.viewer.patch(ACCOUNT, json={"name": "Elm"})).status_code == 403
