"""Dead letters over REST, before the real API: listed, shown, replayed and discarded."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from action_service.adapters.dead_letters import PostgresDeadLetters
from action_service.domain.dead_letters import LetterKind
from action_service.engine.dead_letters import Letter
from common.db import create_pool
from tests.support.record_rest import RecordRest, pointers, record_rest
from treadle.dispatch.v1.event_pb2 import EventBatch

URL = "/api/v1/dead-letters"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    async with record_rest(database_url) as running:
        yield running


@pytest.fixture
async def letter(rest: RecordRest, database_url: str) -> str:
    """The id of a letter of the account that no run is behind."""
    # The account comes to be by its first change.
    await rest.admin.post("/api/v1/tags", json={"name": "vip"})
    letter_id = str(uuid4())
    async with create_pool(database_url, search_path="treadle", size=1) as pool:
        await PostgresDeadLetters(pool).keep(
            [
                Letter(
                    id=letter_id,
                    account_id=str(rest.account_id),
                    kind=LetterKind.EVENT,
                    source="events",
                    subject="treadle.events.x.form_submitted",
                    reason="an event in it is malformed",
                    deliveries=1,
                    died_at=datetime.now(UTC),
                    payload=EventBatch(type="form_submitted").SerializeToString(),
                )
            ]
        )
    return letter_id


async def test_a_letter_is_shown_with_what_it_says(rest: RecordRest, letter: str) -> None:
    (listed,) = (await rest.admin.get(URL)).json()["dead_letters"]
    shown = (await rest.admin.get(f"{URL}/{letter}")).json()
    assert shown == listed | {"payload": {"type": "form_submitted"}}
    assert (shown["kind"], shown["state"], shown["source"]) == ("event", "open", "events")
    assert (shown["execution_id"], shown["closed_by"]) == (None, None)
    assert (await rest.admin.get(URL, params={"kind": "action"})).json()["dead_letters"] == []
    assert (await rest.viewer.get(f"{URL}/{letter}")).json() == shown
    refused = await rest.viewer.post(f"{URL}/{letter}/replay", json={})
    assert refused.status_code == 403


async def test_a_letter_is_replayed_once(rest: RecordRest, letter: str) -> None:
    etag = (await rest.admin.get(f"{URL}/{letter}")).headers["etag"]
    replayed = await rest.admin.post(
        f"{URL}/{letter}/replay", json={"reason": "mended"}, headers={"If-Match": etag}
    )
    assert replayed.status_code == 200, replayed.text
    assert (replayed.json()["state"], replayed.json()["closing_reason"]) == ("replayed", "mended")
    # Nothing has to be said.
    again = await rest.admin.post(f"{URL}/{letter}/replay")
    assert again.status_code == 409
    (listed,) = (await rest.admin.get(URL, params={"state": "replayed"})).json()["dead_letters"]
    assert listed["id"] == letter


async def test_a_letter_is_discarded_for_a_reason(rest: RecordRest, letter: str) -> None:
    refused = await rest.admin.post(f"{URL}/{letter}/discard", json={"reason": ""})
    assert (refused.status_code, pointers(refused)) == (
        422,
        {"/reason": "must have at least 1 character"},
    )
    done = await rest.admin.post(f"{URL}/{letter}/discard", json={"reason": "nobody minds"})
    assert done.json()["state"] == "discarded"
    assert (await rest.admin.get(f"{URL}/{letter}")).json()["payload"] is None
