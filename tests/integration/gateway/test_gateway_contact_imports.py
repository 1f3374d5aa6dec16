"""Imports of contacts over REST, on a real api and database."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from common.auth import issue_token
from gateway.settings import GatewaySettings
from tests.support.action_api import SECRET, Api, running_api
from tests.support.gateway import running_gateway
from tests.support.imports import do_all, people

PATH = "/api/v1/contact-imports"
CSV = {"Content-Type": "text/csv; charset=utf-8"}


class Site(NamedTuple):
    """A gateway, the api behind it, and an admin of a new account who calls it."""

    api: Api
    http: httpx.AsyncClient


@pytest.fixture
async def site(database_url: str) -> AsyncGenerator[Site]:
    token = issue_token(
        SECRET, subject=uuid4(), account_id=uuid4(), roles=["admin"], ttl=timedelta(minutes=9)
    )
    async with running_api(database_url) as api:
        settings = GatewaySettings(
            listen="127.0.0.1:0",
            api_target=api.address,
            scheduler_target=api.address,
            body_timeout_seconds=1,
            max_upload_bytes=3_000_000,
        )
        async with (
            running_gateway(settings) as url,
            httpx.AsyncClient(
                base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30
            ) as http,
        ):
            yield Site(api, http)


async def post(site: Site, data: Any, **options: Any) -> httpx.Response:
    headers = CSV | options.pop("headers", {})
    return await site.http.post(PATH, content=data, headers=headers, params=options)


async def test_a_file_is_imported(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        data = people(range(1_000))
        for start in range(0, len(data), 999):
            yield data[start : start + 999]

    answer = await post(site, pieces(), file_name="people.csv", duplicates="update")
    assert answer.status_code == 201
    started = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{started['id']}"
    assert started | {"id": "", "created_at": ""} == {
        "id": "",
        "file_name": "people.csv",
        "column_names": ["email", "first_name", "custom_fields.n", "tags"],
        "status": "pending",
        "duplicates": "update",
        "total_rows": 1_000,
        "processed_rows": 0,
        "created_rows": 0,
        "updated_rows": 0,
        "skipped_rows": 0,
        "refused_rows": 0,
        "failure": None,
        "created_at": "",
        "finished_at": None,
    }
    await do_all(site.api)
    done = (await site.http.get(answer.headers["Location"])).json()
    assert (done["status"], done["processed_rows"], done["created_rows"]) == (
        "completed",
        1_000,
        1_000,
    )
    assert done["finished_at"]
    listed = (await site.http.get(PATH)).json()
    assert listed == {"contact_imports": [done], "next_page_token": None}


async def test_refused_rows_as_json_and_as_csv(site: Site) -> None:
    bad = [f'nonsense{n},"Ann, {n}",x' for n in range(250)]
    data = "\r\n".join(["Mail,first_name,Remarks", "ok@example.com,Ok,", *bad]).encode()
    columns = {"columns": ["Mail=email", "Remarks="]}
    started = (await post(site, data, **columns)).json()
    await do_all(site.api)
    where = f"{PATH}/{started['id']}/refused-rows"
    page = (await site.http.get(where, params={"page_size": 200})).json()
    assert page["refused_rows"][0] == {
        "row_number": 3,
        "problems": [
            {"column": "Mail", "description": "must be an email address, such as ann@example.com"}
        ],
        "values": {"Mail": "nonsense0", "first_name": "Ann, 0", "Remarks": "x"},
    }
    rest = await site.http.get(where, params={"page_token": page["next_page_token"]})
    assert len(rest.json()["refused_rows"]) == 50

    report = await site.http.get(where, headers={"Accept": "text/csv"})
    assert report.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(report.text)))
    assert len(rows) == 250
    assert rows[249] == {
        "Mail": "nonsense249",
        "first_name": "Ann, 249",
        "Remarks": "x",
        "row_number": "252",
        "problems": "Mail: must be an email address, such as ann@example.com",
    }


async def test_the_same_key_starts_one_import(site: Site) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await post(site, people(range(3)), headers=headers)
    again = await post(site, people(range(3)), headers=headers)
    assert again.json() == first.json()
    other = await post(site, people(range(4)), headers=headers)
    assert (other.status_code, other.json()["reason"]) == (422, "REQUEST_ID_REUSED")


@pytest.mark.parametrize(
    ("data", "options", "status", "said"),
    [
        (b"email,Company\na@example.com,x", {}, 422, 'column "Company" is none of'),
        (b"email\na@example.com", {"columns": ["Mail=email"]}, 422, 'no column "Mail"'),
        (b"email\na@example.com", {"columns": ["Mail"]}, 400, "must be like Mail=email"),
        (b"email\na@example.com", {"duplicates": "merge"}, 400, "skip"),
        (b"email\na@example.com", {"file_name": "x" * 256}, 400, "255"),
        (b"", {}, 422, "the file is empty"),
        (b"email\n\xff", {}, 422, "not UTF-8"),
        (b"email\n" + b"a@example.com\n" * 300_000, {}, 413, "3000000 bytes"),
    ],
)
async def test_files_that_are_refused(
    site: Site, data: bytes, options: dict[str, Any], status: int, said: str
) -> None:
    answer = await post(site, data, **options)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert await site.api.rows("SELECT count(*) FROM contact_imports") == [(0,)]


@pytest.mark.parametrize("kind", ["application/json", "text/csv; charset=latin1", ""])
async def test_other_types_are_refused(site: Site, kind: str) -> None:
    answer = await post(site, b"email\na@example.com", headers={"Content-Type": kind})
    assert answer.status_code == 415


async def test_a_file_that_grows_beyond_the_limit_on_its_way(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first_name\n"
        for _ in range(40):
            yield b"Ada\n" * 25_000

    answer = await post(site, pieces())
    assert answer.status_code == 413
    assert await site.api.rows("SELECT count(*) FROM contact_imports") == [(0,)]


async def test_a_file_may_take_longer_than_other_bodies(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first_name\n"
        await asyncio.sleep(1.2)
        yield b"Ada\n"

    assert (await post(site, pieces())).status_code == 201


async def test_a_caller_who_goes_away_in_the_middle(site: Site) -> None:
    url = site.http.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    token = f"Authorization: {site.http.headers['Authorization']}\r\n"
    writer.write(f"{head}{token}Content-Length: 1000000\r\n\r\n".encode())
    writer.write(people(range(20_000)))
    await writer.drain()
    writer.transport.abort()
    # A later upload is stored, and nothing of the first.
    assert (await post(site, people([1]))).status_code == 201
    assert await site.api.rows("SELECT total_rows FROM contact_imports") == [(1,)]


async def test_unknown_imports_are_not_found(site: Site) -> None:
    for path in ("", "/refused-rows"):
        answer = await site.http.get(f"{PATH}/{uuid4()}{path}")
        assert answer.status_code == 404
    report = await site.http.get(f"{PATH}/{uuid4()}/refused-rows", headers={"Accept": "text/csv"})
    assert report.status_code == 404
    assert (await site.http.get(f"{PATH}/nonsense")).status_code == 400
