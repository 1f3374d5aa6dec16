"""Providers over REST, before the real API: seen by all, limited by admins, reset by operators."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.record_rest import RecordRest, pointers, record_rest

URL = "/api/v1/providers"
HOOK = "webhook:crm.example.com"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


async def test_all_providers_are_listed_before_anything_has_happened(rest: RecordRest) -> None:
    answer = await rest.viewer.get(URL)
    assert answer.status_code == 200, answer.text
    providers = answer.json()["providers"]
    assert [each["peer"] for each in providers][:2] == ["sendgrid", "twilio"]
    assert providers[0] == {
        "peer": "sendgrid",
        "label": "SendGrid",
        "state": "closed",
        "changed_at": None,
        "open_until": None,
        "trips": 0,
        "paused_until": None,
        "successes": 0,
        "failures": 0,
        "last_error": None,
        "limit": {"per_second": 0, "burst": 0, "own": False},
    }


@pytest.mark.parametrize("peer", ["twilio", HOOK])
async def test_a_limit_from_its_first_day_to_its_last(rest: RecordRest, peer: str) -> None:
    url = f"{URL}/{peer}/limit"
    answer = await rest.admin.put(url, json={"per_second": 20})
    assert answer.status_code == 200, answer.text
    assert answer.json()["limit"] == {"per_second": 20, "burst": 20, "own": True}
    answer = await rest.admin.put(url, json={"per_second": 20, "burst": 100})
    assert answer.json()["limit"]["burst"] == 100
    found = {each["peer"]: each for each in (await rest.viewer.get(URL)).json()["providers"]}
    assert found[peer]["limit"]["burst"] == 100
    assert (await rest.admin.delete(url)).json()["limit"]["own"] is False
    assert (await rest.admin.delete(url)).status_code == 404


async def test_reset_closes_the_circuit(rest: RecordRest) -> None:
    answer = await rest.admin.post(f"{URL}/{HOOK}/reset")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["label"]) == ("closed", "crm.example.com")
    assert answer.json()["changed_at"]


async def test_who_only_looks_changes_nothing(rest: RecordRest) -> None:
    for answer in (
        await rest.viewer.put(f"{URL}/twilio/limit", json={"per_second": 1}),
        await rest.viewer.delete(f"{URL}/twilio/limit"),
        await rest.viewer.post(f"{URL}/twilio/reset"),
    ):
        assert answer.status_code == 403, answer.text


async def test_what_makes_no_sense_is_refused_with_its_place(rest: RecordRest) -> None:
    answer = await rest.admin.put(f"{URL}/twilio/limit", json={"per_second": -1, "burst": 0})
    assert answer.status_code == 422
    assert set(pointers(answer)) == {"/per_second", "/burst"}
    answer = await rest.admin.put(f"{URL}/pigeon/limit", json={"per_second": 1})
    assert answer.status_code == 400
    assert "must be one of sendgrid, twilio" in answer.text
