"""HTTP itself: every refusal is a problem document, whatever layer it comes from."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from common.errors import ErrorReason, TreadleError, overloaded
from gateway.settings import GatewaySettings
from tests.support.gateway import ACCOUNT, Script, client, running_gateway
from treadle.workflow.v1 import workflow_pb2, workflow_service_pb2

AsyncChunks = AsyncIterator[bytes]
WORKFLOWS = "/api/v1/workflows"
WORKFLOW = f"{WORKFLOWS}/880e8400-e29b-41d4-a716-446655440000"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def impatient(services: str, script: Script) -> AsyncGenerator[httpx.AsyncClient]:
    """A caller of a gateway that soon gives up bodies and services."""
    del script  # emptied for this test
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=services,
        scheduler_target=services,
        call_timeout_seconds=1,
        body_timeout_seconds=1,
        stop_grace_seconds=2,
    )
    async with running_gateway(settings) as url, client(url, "admin") as http:
        yield http


def refused(answer: httpx.Response, status: int, reason: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["reason"]) == (status, reason)
    assert problem["type"] == "urn:treadle:error:" + reason.lower().replace("_", "-")
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].endswith(answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "content", [b"{", b"", b'{"name": NaN}', b'{"name": "\xff"}', b'{"name": 1}}', b"[" * 5000]
)
async def test_what_is_no_json_is_malformed(admin: httpx.AsyncClient, content: bytes) -> None:
    refused(await admin.post(WORKFLOWS, content=content, headers=JSON), 400, "MALFORMED_REQUEST")
    actions = f"{WORKFLOW}/actions"
    refused(await admin.post(actions, content=content, headers=JSON), 400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"1"])
async def test_json_of_another_kind_is_not_valid(admin: httpx.AsyncClient, content: bytes) -> None:
    for path in (WORKFLOWS, f"{WORKFLOW}/actions"):
        answer = await admin.post(path, content=content, headers=JSON)
        refused(answer, 422, "VALIDATION_FAILED")
        assert answer.json()["errors"] == [{"pointer": "", "detail": "must be an object"}]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "a\0b"}, "/name"),
        ({"name": "x", "description": 2**60}, "/description"),
        ({"name": "x", "a/b~c": "\0"}, "/a~1b~0c"),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    admin: httpx.AsyncClient, body: object, pointer: str
) -> None:
    answer = await admin.post(WORKFLOWS, json=body)

    refused(answer, 422, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_nesting_has_an_end(admin: httpx.AsyncClient) -> None:
    deep: object = "x"
    for _ in range(30):
        deep = {"a": deep}

    answer = await admin.post("/api/v1/contacts", json={"custom_fields": deep})

    refused(answer, 422, "VALIDATION_FAILED")
    assert "nested" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_bodies_must_be_declared_as_json(admin: httpx.AsyncClient, kind: str) -> None:
    answer = await admin.post(WORKFLOWS, content=b'{"name":"x"}', headers={"Content-Type": kind})

    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_large_bodies_are_refused(admin: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncChunks:
        for _ in range(40):
            yield b" " * 32_768

    declared = await admin.post(WORKFLOWS, content=b" " * (1024 * 1024 + 1), headers=JSON)
    refused(declared, 413, "REQUEST_TOO_LARGE")
    streamed = await admin.post(WORKFLOWS, content=chunks(), headers=JSON)
    refused(streamed, 413, "REQUEST_TOO_LARGE")


async def test_a_body_that_does_not_come_is_not_waited_for(impatient: httpx.AsyncClient) -> None:
    async def stalling() -> AsyncChunks:
        yield b'{"name":'
        await asyncio.sleep(3)
        yield b'"x"}'

    answer = await impatient.post(WORKFLOWS, content=stalling(), headers=JSON)

    refused(answer, 408, "REQUEST_TIMEOUT")


@pytest.mark.parametrize(
    "path",
    [
        f"{WORKFLOWS}/not-a-uuid",
        f"{WORKFLOWS}/880e8400e29b41d4a716446655440000",
        f"{WORKFLOWS}?page_size=0",
        f"{WORKFLOWS}?page_size=many",
        f"{WORKFLOWS}?status=sleeping",
        "/api/v1/executions",
    ],
)
async def test_wrong_parameters_are_malformed(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(path)

    refused(answer, 400, "MALFORMED_REQUEST")
    assert answer.json()["errors"][0]["parameter"] in {
        "workflow_id",
        "page_size",
        "status",
    }


async def test_unknown_routes_and_methods(admin: httpx.AsyncClient) -> None:
    refused(await admin.get("/nowhere"), 404, "NOT_FOUND")
    refused(await admin.get(WORKFLOWS + "/"), 404, "NOT_FOUND")
    answer = await admin.put(WORKFLOWS, json={})
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize(
    "value",
    [b"Basic abc", b"Bearer", b"Bearer forged", b"", b"Bearer caf\xe9", b"Bearer " + b"x" * 20_000],
)
async def test_who_has_no_good_token_is_not_let_in(gateway_url: str, value: bytes) -> None:
    async with client(gateway_url) as http:
        answer = await http.get(WORKFLOWS, headers={b"Authorization": value})

    refused(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_trouble_of_services_is_told_without_their_inside(
    admin: httpx.AsyncClient, script: Script
) -> None:
    script.on("ListWorkflows", RuntimeError("SELECT secret FROM vault"))
    answer = await admin.get(WORKFLOWS)
    refused(answer, 500, "INTERNAL")
    assert "SELECT" not in answer.text

    script.on("ListWorkflows", overloaded("too many calls", timedelta(seconds=2.5)))
    answer = await admin.get(WORKFLOWS)
    refused(answer, 429, "OVERLOADED")
    assert answer.headers["retry-after"] == "3"

    script.on("ListWorkflows", TreadleError(ErrorReason.DEPENDENCY_UNAVAILABLE, "no database"))
    answer = await admin.get(WORKFLOWS)
    refused(answer, 503, "DEPENDENCY_UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_service_that_does_not_answer(impatient: httpx.AsyncClient, script: Script) -> None:
    async def never(_request: object, _context: object) -> object:
        return await asyncio.sleep(60)

    script.answers["ListWorkflows"] = never

    refused(await impatient.get(WORKFLOWS), 504, "DEADLINE_EXCEEDED")


async def test_a_service_that_is_not_there() -> None:
    settings = GatewaySettings(
        listen="127.0.0.1:0", api_target="127.0.0.1:1", scheduler_target="127.0.0.1:1"
    )
    async with running_gateway(settings) as url, client(url, "admin") as http:
        answer = await http.get(WORKFLOWS)
        refused(answer, 503, "DEPENDENCY_UNAVAILABLE")
        assert int(answer.headers["retry-after"]) >= 1
        ready = await http.get("/readyz")
        refused(ready, 503, "DEPENDENCY_UNAVAILABLE")
        assert ready.json()["metadata"]["action_service"] == "unreachable"
        assert (await http.get("/healthz")).json() == {"status": "ok"}


async def test_readiness_is_that_of_the_services(gateway_url: str) -> None:
    async with client(gateway_url) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["services"] == {
        "action_service": "serving",
        "scheduler_service": "serving",
    }


async def test_request_ids_and_traces_go_through(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("ListWorkflows", workflow_service_pb2.ListWorkflowsResponse())
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await admin.get(
        WORKFLOWS,
        headers={"X-Request-Id": "abc-1", "traceparent": f"00-{trace}-b7ad6b7169203331-01"},
    )
    assert answer.headers["x-request-id"] == "abc-1"
    assert script.metadata[-1]["x-request-id"] == "abc-1"
    assert trace in script.metadata[-1]["traceparent"]

    answer = await admin.get(WORKFLOWS, headers={"X-Request-Id": "a b\t<script>"})
    assert answer.headers["x-request-id"] != "a b\t<script>"
    assert script.metadata[-1]["x-request-id"] == answer.headers["x-request-id"]


async def test_headers_that_grpc_could_not_carry_do_no_harm(
    admin: httpx.AsyncClient, script: Script
) -> None:
    script.on("ListWorkflows", workflow_service_pb2.ListWorkflowsResponse())
    answer = await admin.get(
        WORKFLOWS,
        headers={
            b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            b"tracestate": b"caf\xe9=1",
            b"X-Request-Id": b"\xe9",
        },
    )

    assert answer.status_code == 200


async def test_an_answer_that_makes_no_sense_is_a_fault_of_ours(
    admin: httpx.AsyncClient, script: Script
) -> None:
    workflow = workflow_pb2.Workflow(id="w", name="n", created_at=Timestamp(seconds=10**15))
    script.on("GetWorkflow", workflow_service_pb2.GetWorkflowResponse(workflow=workflow))

    answer = await admin.get(WORKFLOW)

    refused(answer, 500, "INTERNAL")
    assert "Timestamp" not in answer.text


async def test_the_documentation_page_and_its_parts(gateway_url: str) -> None:
    async with client(gateway_url) as http:
        page = await http.get("/docs")
        document = await http.get("/openapi.json")
        for name, kind in (("docs.js", "text/javascript"), ("docs.css", "text/css")):
            part = await http.get(f"/docs/{name}")
            assert part.headers["content-type"].startswith(kind)
            assert f"/docs/{name}" in page.text
        refused(await http.get("/docs/settings.py"), 404, "NOT_FOUND")

    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert document.json()["info"]["title"] == "Treadle"


async def test_every_answer_has_the_security_headers(admin: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/nowhere", "/docs", "/openapi.json", WORKFLOWS + "/x"):
        headers = (await admin.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


async def test_cross_origin_calls_only_where_allowed(services: str) -> None:
    settings = GatewaySettings(
        listen="127.0.0.1:0",
        api_target=services,
        scheduler_target=services,
        cors_origins=("https://app.example.com",),
    )
    preflight = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,if-match",
    }
    async with running_gateway(settings) as url, client(url) as http:
        mine = await http.options(
            WORKFLOW, headers={"Origin": "https://app.example.com", **preflight}
        )
        other = await http.options(WORKFLOW, headers={"Origin": "https://evil.test", **preflight})

    assert mine.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in other.headers


async def test_more_requests_than_allowed_are_turned_away(services: str, script: Script) -> None:
    settings = GatewaySettings(
        listen="127.0.0.1:0", api_target=services, scheduler_target=services, max_in_flight=1
    )
    entered = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(_request: object, _context: object) -> object:
        entered.set()
        await go_on.wait()
        return workflow_service_pb2.ListWorkflowsResponse()

    script.answers["ListWorkflows"] = slow
    async with running_gateway(settings) as url, client(url, "viewer") as http:
        first = asyncio.create_task(http.get(WORKFLOWS))
        await entered.wait()
        turned_away = await http.get(WORKFLOWS)
        refused(turned_away, 429, "OVERLOADED")
        assert turned_away.headers["retry-after"] == "1"
        # Who is busy is not dead: whoever restarts those who are would make it worse.
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 200
        go_on.set()
        assert (await first).status_code == 200


async def test_bodies_are_held_up_to_a_bound_and_no_byte_more(
    services: str, script: Script
) -> None:
    """Whoever guesses signatures, too, makes us hold what they post."""
    most = 3 * 1024 * 1024
    settings = GatewaySettings(
        listen="127.0.0.1:0", api_target=services, scheduler_target=services, max_held_bytes=most
    )
    held, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: object, _context: object) -> object:
        held.set()
        await go_on.wait()
        return workflow_service_pb2.CreateWorkflowResponse()

    script.answers["CreateWorkflow"] = slow
    body = b'{"name": "n"' + b" " * (most // 4) + b"}"
    is_json = {"Content-Type": "application/json"}
    inbound = f"/inbound/twilio/{ACCOUNT}"
    async with running_gateway(settings) as url, client(url, "editor") as http:
        first = asyncio.create_task(http.post(WORKFLOWS, content=body, headers=is_json))
        await held.wait()
        turned_away = await http.post(inbound, content=b"x" * (most - most // 4))
        refused(turned_away, 429, "OVERLOADED")
        assert turned_away.headers["retry-after"] == "1"
        assert (await http.post(inbound, content=b"x" * (most // 2))).status_code == 404
        go_on.set()
        assert (await first).status_code == 201
        # What was held is free again.
        async with asyncio.timeout(30):
            while (await http.post(inbound, content=b"x" * (most - 1))).status_code != 404:
                pass


async def test_unset_values_are_null(admin: httpx.AsyncClient, script: Script) -> None:
    workflow = workflow_pb2.Workflow(id="w", name="n", status=workflow_pb2.WORKFLOW_STATUS_DRAFT)
    script.on("GetWorkflow", workflow_service_pb2.GetWorkflowResponse(workflow=workflow))

    body = (await admin.get(WORKFLOW)).json()

    assert body["description"] is None
    assert body["created_by"] is None
    assert body["status"] == "draft"
