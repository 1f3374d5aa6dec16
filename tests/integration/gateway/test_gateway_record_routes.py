"""The routes of records: headers, filters and refusals between REST and the services."""

from datetime import UTC, datetime

import httpx
import pytest

from common.errors import ErrorReason, FieldViolation, already_exists, invalid, stale_etag
from gateway.record_table import RECORD_TYPES
from gateway.record_type import RecordType
from tests.support.gateway import Script, client
from treadle.record.v1 import (
    campaign_pb2,
    campaign_service_pb2,
    course_pb2,
    course_service_pb2,
    crm_service_pb2,
    directory_service_pb2,
    note_pb2,
    notification_pb2,
    tag_pb2,
    task_pb2,
    user_pb2,
)

ID = "880e8400-e29b-41d4-a716-446655440000"
OTHER = "770e8400-e29b-41d4-a716-446655440000"
NOON = datetime(2026, 1, 26, 12, tzinfo=UTC)
TAG = tag_pb2.Tag(id=ID, name="vip", contact_count=3, created_at=NOON, etag="4")


async def test_a_record_is_created(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("CreateTag", crm_service_pb2.CreateTagResponse(tag=TAG))

    answer = await admin.post(
        "/api/v1/tags",
        json={"name": "vip", "color": None},
        headers={"Idempotency-Key": OTHER.upper()},
    )

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/tags/{ID}"
    assert answer.headers["etag"] == '"4"'
    assert answer.json() == {
        "id": ID,
        "name": "vip",
        "color": None,
        "contact_count": 3,
        "created_at": "2026-01-26T12:00:00Z",
        "etag": "4",
    }
    assert script.last.request_id == OTHER
    assert script.last.tag.name == "vip"
    assert not script.last.tag.HasField("color")


async def test_a_record_is_changed_on_condition(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("UpdateTag", crm_service_pb2.UpdateTagResponse(tag=TAG))

    answer = await admin.patch(
        f"/api/v1/tags/{ID.upper()}", json={"color": ""}, headers={"If-Match": '"3"'}
    )

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"4"'
    assert script.last.tag_id == ID
    assert list(script.last.update_mask.paths) == ["color"]
    assert script.last.etag == "3"

    await admin.patch(f"/api/v1/tags/{ID}", json={"name": "gold", "etag": "3"})
    assert (script.last.etag, list(script.last.update_mask.paths)) == ("3", ["name"])

    script.on("UpdateTag", stale_etag("tag", ID))
    answer = await admin.patch(f"/api/v1/tags/{ID}", json={"name": "x"}, headers={"If-Match": "*"})
    assert answer.status_code == 412
    assert script.last.etag == ""


async def test_a_record_is_deleted(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("DeleteTag", crm_service_pb2.DeleteTagResponse())

    answer = await admin.delete(f"/api/v1/tags/{ID}", headers={"If-Match": '"4"'})

    assert (answer.status_code, answer.content) == (204, b"")
    assert (script.last.tag_id, script.last.etag) == (ID, "4")


async def test_a_record_without_an_etag_has_no_such_header(
    admin: httpx.AsyncClient, script: Script
) -> None:
    note = note_pb2.Note(id=ID, contact_id=OTHER, content="x", author="user:1", created_at=NOON)
    note.context.update({"position": 2})
    script.on("GetNote", crm_service_pb2.GetNoteResponse(note=note))

    answer = await admin.get(f"/api/v1/notes/{ID}")

    assert answer.json()["context"] == {"position": 2}
    assert "etag" not in answer.headers


async def test_lists_are_filtered(admin: httpx.AsyncClient, script: Script) -> None:
    task = task_pb2.Task(id=ID, title="Call", created_at=NOON, updated_at=NOON)
    script.on("ListTasks", crm_service_pb2.ListTasksResponse(tasks=[task], next_page_token="more"))

    params = {"assignee_id": OTHER, "status": "done", "page_size": 7, "page_token": "t"}
    answer = await admin.get("/api/v1/tasks", params=params)

    assert [t["title"] for t in answer.json()["tasks"]] == ["Call"]
    assert answer.json()["next_page_token"] == "more"
    assert script.last == crm_service_pb2.ListTasksRequest(
        assignee_id=OTHER, status=task_pb2.TASK_STATUS_DONE, page_size=7, page_token="t"
    )

    script.on("ListUsers", directory_service_pb2.ListUsersResponse(users=[user_pb2.User(id=ID)]))
    await admin.get("/api/v1/users", params={"role": "sales", "include_inactive": "true"})
    assert (script.last.role, script.last.include_inactive) == ("sales", True)


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("page_size=0", "page_size", "must be greater than or equal to 1"),
        ("page_size=many", "page_size", "must be a whole number"),
        ("contact_id=me", "contact_id", "must be a UUID"),
        ("status=late", "status", "must be one of 'open' or 'done'"),
    ],
)
async def test_wrong_parameters_are_named(
    admin: httpx.AsyncClient, script: Script, query: str, parameter: str, detail: str
) -> None:
    answer = await admin.get(f"/api/v1/tasks?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": parameter, "detail": detail}]
    assert script.requests == []


async def test_a_switch_is_true_or_false(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/api/v1/users?include_inactive=maybe")

    assert answer.json()["errors"] == [
        {"parameter": "include_inactive", "detail": "must be true or false"}
    ]


async def test_enrollments_are_listed_within_their_campaign_and_alone(
    admin: httpx.AsyncClient, script: Script
) -> None:
    enrollment = campaign_pb2.CampaignEnrollment(
        id=ID,
        campaign_id=OTHER,
        contact_id=ID,
        status=campaign_pb2.ENROLLMENT_STATUS_REMOVED,
        enrolled_at=NOON,
        end_reason="moved away",
    )
    script.on(
        "ListCampaignEnrollments",
        campaign_service_pb2.ListCampaignEnrollmentsResponse(campaign_enrollments=[enrollment]),
    )
    script.on(
        "GetCampaignEnrollment",
        campaign_service_pb2.GetCampaignEnrollmentResponse(campaign_enrollment=enrollment),
    )

    within = await admin.get(f"/api/v1/campaigns/{OTHER}/enrollments?status=removed")
    assert script.last.campaign_id == OTHER
    assert script.last.status == campaign_pb2.ENROLLMENT_STATUS_REMOVED
    alone = await admin.get(f"/api/v1/enrollments?contact_id={ID}")
    assert (script.last.campaign_id, script.last.contact_id) == ("", ID)
    (shown,) = within.json()["enrollments"]
    assert alone.json()["enrollments"] == [shown]
    assert shown["end_reason"] == "moved away"
    assert shown["execution_id"] is None
    assert (await admin.get(f"/api/v1/enrollments/{ID}")).json() == shown


async def test_a_notification_is_marked_as_read(admin: httpx.AsyncClient, script: Script) -> None:
    notification = notification_pb2.Notification(
        id=ID,
        user_id=OTHER,
        title="New deal",
        message="Look at it",
        channels=["NOTIFICATION_CHANNEL_IN_APP", "NOTIFICATION_CHANNEL_SMS"],
        read_at=NOON,
        created_at=NOON,
        deliveries=[
            notification_pb2.NotificationDelivery(
                id=OTHER, status=notification_pb2.DELIVERY_STATUS_SKIPPED, reason="has no phone"
            )
        ],
    )
    script.on(
        "MarkNotificationRead",
        directory_service_pb2.MarkNotificationReadResponse(notification=notification),
    )

    answer = await admin.post(f"/api/v1/notifications/{ID}/read")

    assert answer.status_code == 200
    assert script.last.notification_id == ID
    shown = answer.json()
    assert shown["channels"] == ["in_app", "sms"]
    assert shown["read_at"] == "2026-01-26T12:00:00Z"
    assert shown["deliveries"][0]["status"] == "skipped"
    assert shown["deliveries"][0]["finished_at"] is None


async def test_progress_is_replaced(admin: httpx.AsyncClient, script: Script) -> None:
    access = course_pb2.CourseAccess(id=ID, course_id=OTHER, contact_id=OTHER, granted_at=NOON)
    access.progress.update({"done": 3})
    script.on(
        "SetCourseProgress", course_service_pb2.SetCourseProgressResponse(course_access=access)
    )
    path = f"/api/v1/course-accesses/{ID}/progress"

    answer = await admin.put(path, json={"progress": {"done": 3}})

    assert answer.json()["progress"] == {"done": 3}
    assert script.last.course_access_id == ID
    assert dict(script.last.progress) == {"done": 3.0}
    refused = await admin.put(path, json={"progress": {"a": "\0"}})
    assert refused.json()["errors"][0]["pointer"] == "/progress/a"
    assert (await admin.put(path, json={})).status_code == 422


async def test_refusals_point_into_the_body(admin: httpx.AsyncClient, script: Script) -> None:
    script.on("CreatePipeline", invalid([FieldViolation("pipeline.stages[1].id", "is taken")]))
    body = {"name": "Sales", "stages": [{"name": "Lead"}, {"id": ID, "name": "Won"}]}
    answer = await admin.post("/api/v1/pipelines", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/stages/1/id", "detail": "is taken"}]

    script.on("CreateTag", already_exists("tag", "tag.name", "there is a tag of this name"))
    answer = await admin.post("/api/v1/tags", json={"name": "vip"})
    assert (answer.status_code, answer.json()["reason"]) == (409, ErrorReason.ALREADY_EXISTS)
    assert answer.json()["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize("record", RECORD_TYPES, ids=lambda record: record.path)
async def test_nobody_gets_in_without_a_token(gateway_url: str, record: RecordType) -> None:
    async with client(gateway_url) as http:
        assert (await http.get(f"/api/v1/{record.path}")).status_code == 401


@pytest.mark.parametrize("record", RECORD_TYPES, ids=lambda record: record.path)
async def test_paths_take_uuids_and_say_what_can_be_done(
    admin: httpx.AsyncClient, record: RecordType
) -> None:
    wrong = await admin.get(f"/api/v1/{record.path}/me")
    assert wrong.status_code == 400
    assert wrong.json()["errors"] == [
        {"parameter": record.id_parameter, "detail": "must be a UUID"}
    ]

    refused = await admin.put(f"/api/v1/{record.path}/{ID}", json={})
    verbs = {"Get": "GET", "Update": "PATCH", "Delete": "DELETE"}
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {
        method for verb, method in verbs.items() if record.rpc(verb)
    }


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b'{"name": "\\u0000"}', "application/json", 422),
        (b"name=vip", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_bodies_are_strict_json(
    admin: httpx.AsyncClient, script: Script, content: bytes, kind: str, status: int
) -> None:
    answer = await admin.post("/api/v1/tags", content=content, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert script.requests == []
