"""What single kinds of records do beyond being kept, seen over REST before the real api role."""

from collections.abc import AsyncGenerator

import pytest

from tests.support.effects import executors, run
from tests.support.engine import Step, bench
from tests.support.record_rest import RecordRest, pointers, record_rest

UNKNOWN = "880e8400-e29b-41d4-a716-446655440000"


@pytest.fixture
async def rest(database_url: str) -> AsyncGenerator[RecordRest]:
    """Callers of a gateway before a real api role."""
    async with record_rest(database_url) as running:
        yield running


async def test_what_a_workflow_did_is_seen(
    rest: RecordRest, database_url: str, nats_url: str
) -> None:
    user = await rest.user()
    campaign = await rest.make("campaigns", {"name": "Spring", "steps": [{"name": "Welcome"}]})
    course = await rest.make("courses", {"name": "Getting started"})
    pipeline = await rest.pipeline()
    steps = [
        Step(
            "add_to_campaign",
            {
                "campaign_id": campaign["id"],
                "start_position": "specific_step",
                "step_id": campaign["steps"][0]["id"],
            },
        ),
        Step("grant_course_access", {"course_id": course["id"], "duration_days": 30}),
        Step(
            "send_notification",
            {
                "recipient_type": "specific_user",
                "recipient_ids": [user],
                "channels": ["in_app", "sms"],
                "title": "New",
                "message": "Look at Ada",
            },
        ),
        Step("create_opportunity", {"pipeline_id": pipeline["id"], "name": "Deal", "value": 10}),
        Step("create_task", {"title": "Call", "assignee_id": user, "priority": "high"}),
        Step("add_note", {"content": "Enrolled"}),
        Step("add_tag", {"tag_name": "customer"}),
    ]
    async with bench(database_url, nats_url) as surroundings, executors(surroundings):
        await surroundings.start_engine()
        seeded = await surroundings.seed(steps, account_id=str(rest.account_id))
        ran = await run(surroundings, seeded)
    assert {step.status for step in ran} == {"completed"}, ran
    (contact,) = seeded.contact_ids
    made_by = {step.action_type: step.execution_id for step in ran}

    await _enrolment_is_seen(rest, campaign, contact)
    await _access_is_seen_and_its_progress_kept(rest, course["id"], contact)
    await _notification_is_read_once(rest, user, contact)
    (deal,) = await rest.shown("opportunities", contact_id=contact)
    assert (deal["value"], deal["stage_id"]) == (10, pipeline["stages"][0]["id"])
    (task,) = await rest.shown("tasks", assignee_id=user)
    assert (task["contact_id"], task["priority"]) == (contact, "high")
    assert task["action_execution_id"] != deal["action_execution_id"] is not None
    (note,) = await rest.shown("notes", contact_id=contact)
    assert note["author"] == f"execution:{made_by['add_note']}"
    assert note["context"]["workflow_id"] == seeded.workflow_id
    (tag,) = await rest.shown("tags")
    assert (tag["name"], tag["contact_count"]) == ("customer", 1)


async def _enrolment_is_seen(rest: RecordRest, campaign: dict[str, str], contact: str) -> None:
    (enrollment,) = await rest.shown("enrollments", contact_id=contact)
    assert enrollment["status"] == "active"
    assert enrollment["campaign_id"] == campaign["id"]
    assert enrollment["execution_id"] is None
    assert enrollment["ended_at"] is None
    one = await rest.admin.get(f"/api/v1/enrollments/{enrollment['id']}")
    assert one.json() == enrollment
    within = f"campaigns/{campaign['id']}/enrollments"
    assert await rest.shown(within, status="active") == [enrollment]
    assert await rest.shown(within, status="removed") == []
    assert await rest.shown(f"campaigns/{UNKNOWN}/enrollments") == []
    counted = await rest.admin.get(f"/api/v1/campaigns/{campaign['id']}")
    assert counted.json()["enrolled_count"] == 1
    stranger = await rest.stranger.get(f"/api/v1/enrollments/{enrollment['id']}")
    assert stranger.status_code == 404
    # Who is in it keeps a campaign from being deleted.
    refused = await rest.admin.delete(f"/api/v1/campaigns/{campaign['id']}")
    assert (refused.status_code, refused.json()["reason"]) == (409, "REFERENCED")


async def _access_is_seen_and_its_progress_kept(
    rest: RecordRest, course: str, contact: str
) -> None:
    (access,) = await rest.shown("course-accesses", course_id=course, contact_id=contact)
    assert (access["status"], access["access_level"]) == ("active", "full")
    assert access["expires_at"] > access["granted_at"]
    assert access["progress"] == {}
    one = f"/api/v1/course-accesses/{access['id']}"
    progress = {"lessons": [1, 2], "score": 0.5, "done": False}
    assert (
        await rest.viewer.put(f"{one}/progress", json={"progress": progress})
    ).status_code == 403
    kept = await rest.admin.put(f"{one}/progress", json={"progress": progress})
    assert kept.status_code == 200, kept.text
    assert kept.json() == access | {"progress": progress} == (await rest.admin.get(one)).json()
    unknown = f"/api/v1/course-accesses/{UNKNOWN}/progress"
    assert (await rest.admin.put(unknown, json={"progress": {}})).status_code == 404


async def _notification_is_read_once(rest: RecordRest, user: str, contact: str) -> None:
    (notification,) = await rest.shown("notifications", user_id=user, unread_only="true")
    assert (notification["title"], notification["contact_id"]) == ("New", contact)
    assert notification["channels"] == ["in_app", "sms"]
    # The user has no phone.
    (delivery,) = notification["deliveries"]
    assert (delivery["channel"], delivery["status"]) == ("sms", "skipped")
    assert delivery["reason"]
    one = f"/api/v1/notifications/{notification['id']}"
    read = await rest.admin.post(f"{one}/read")
    assert read.status_code == 200, read.text
    assert read.json()["read_at"] is not None
    assert (await rest.admin.post(f"{one}/read")).json() == read.json()
    assert (await rest.admin.get(one)).json() == read.json()
    assert await rest.shown("notifications", unread_only="true") == []
    sender = notification["action_execution_id"]
    assert await rest.shown("notifications", action_execution_id=sender) == [read.json()]
    assert (await rest.stranger.post(f"{one}/read")).status_code == 404


async def test_members_keep_their_order(rest: RecordRest) -> None:
    zoe, abe = await rest.user("Zoe"), await rest.user("Abe")

    team = await rest.make("teams", {"name": "Sales", "member_ids": [zoe, abe.upper()]})

    assert team["member_ids"] == [zoe, abe]
    for members in ([abe, UNKNOWN], [abe, abe]):
        one = f"/api/v1/teams/{team['id']}"
        refused = await rest.admin.patch(one, json={"member_ids": members})
        assert pointers(refused).keys() == {"/member_ids/1"}


async def test_a_deal_goes_through_the_stages_of_its_pipeline(rest: RecordRest) -> None:
    pipeline = await rest.pipeline()
    lead, won = (stage["id"] for stage in pipeline["stages"])
    deal = await rest.make(
        "opportunities",
        {"contact_id": await rest.contact(), "name": "Deal", "pipeline_id": pipeline["id"]},
    )
    one = f"/api/v1/opportunities/{deal['id']}"
    assert (deal["stage_id"], deal["value"]) == (lead, None)

    moved = (await rest.admin.patch(one, json={"stage_id": won})).json()

    assert (moved["status"], moved["closed_at"] is None) == ("won", False)
    elsewhere = (await rest.pipeline())["stages"][0]["id"]
    refused = await rest.admin.patch(one, json={"stage_id": elsewhere})
    assert pointers(refused).keys() == {"/stage_id"}
    cents = await rest.admin.patch(one, json={"value": 0.001})
    assert pointers(cents).keys() == {"/value"}
    assert await rest.listed("opportunities", stage_id=won) == [deal["id"]]
    # A stage with deals stays.
    rest_of_it = {"stages": [{"id": lead, "name": "Lead"}]}
    gone = await rest.admin.patch(f"/api/v1/pipelines/{pipeline['id']}", json=rest_of_it)
    assert (gone.status_code, gone.json()["reason"]) == (409, "REFERENCED")


async def test_a_task_is_done_and_opened_again(rest: RecordRest) -> None:
    task = await rest.make("tasks", {"contact_id": await rest.contact(), "title": "Call"})
    one = f"/api/v1/tasks/{task['id']}"

    done = (await rest.admin.patch(one, json={"status": "done"})).json()
    assert done["completed_at"] is not None
    assert await rest.listed("tasks", status="done") == [task["id"]]

    opened = (await rest.admin.patch(one, json={"status": "open", "etag": done["etag"]})).json()
    assert (opened["completed_at"], opened["status"]) == (None, "open")


async def test_a_name_is_taken_once(rest: RecordRest) -> None:
    await rest.make("tags", {"name": "vip"})

    again = await rest.admin.post("/api/v1/tags", json={"name": "vip"})

    assert (again.status_code, again.json()["reason"]) == (409, "ALREADY_EXISTS")
    assert [error["pointer"] for error in again.json()["errors"]] == ["/name"]
    assert (await rest.stranger.post("/api/v1/tags", json={"name": "vip"})).status_code == 201


async def test_lists_come_in_pages(rest: RecordRest) -> None:
    names = ["c", "a", "d", "b"]
    for name in names:
        await rest.make("courses", {"name": name})

    first = (await rest.admin.get("/api/v1/courses?page_size=3")).json()
    token = first["next_page_token"]
    rest_of = (await rest.admin.get(f"/api/v1/courses?page_size=3&page_token={token}")).json()

    assert [course["name"] for course in first["courses"]] == ["a", "b", "c"]
    assert [course["name"] for course in rest_of["courses"]] == ["d"]
    assert rest_of["next_page_token"] is None
    foreign = await rest.admin.get(f"/api/v1/tags?page_token={token}")
    assert (foreign.status_code, foreign.json()["errors"][0]["parameter"]) == (400, "page_token")


async def test_one_key_makes_one_record(rest: RecordRest) -> None:
    key = {"Idempotency-Key": "from the form"}
    await rest.admin.post("/api/v1/tags", json={"name": "one"}, headers=key)

    other = await rest.admin.post("/api/v1/tags", json={"name": "two"}, headers=key)

    assert (other.status_code, other.json()["reason"]) == (422, "REQUEST_ID_REUSED")
    assert [tag["name"] for tag in await rest.shown("tags")] == ["one"]
