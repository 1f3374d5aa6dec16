"""What is special about people, tags, tasks, notes, notifications and courses."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from common.errors import ErrorReason
from tests.support.action_api import Api, Client, fields, refused
from tests.support.records import Records, told
from treadle.contact.v1 import contact_service_pb2
from treadle.record.v1 import course_pb2, notification_pb2, task_pb2
from treadle.record.v1.course_service_pb2 import SetCourseProgressRequest
from treadle.record.v1.directory_service_pb2 import MarkNotificationReadRequest
from treadle.workflow.v1.action_service_pb2 import DeleteActionRequest


@pytest.fixture
def records(client: Client) -> Records:
    return Records(client)


async def ids(records: Records, kind: str, **filters: Any) -> set[str]:
    return {each.id for each in await records.list(kind, **filters)}


async def test_lists_of_users_leave_out_who_is_not_active(records: Records) -> None:
    ann, bob = await records.new("user", role="sales"), await records.new("user", role="support")
    assert ann.is_active
    gone = await records.new("user", role="sales", is_active=False)
    assert not gone.is_active
    assert await ids(records, "user", role="sales") == {ann.id}
    assert await ids(records, "user", role="sales", include_inactive=True) == {ann.id, gone.id}
    assert await ids(records, "user") >= {ann.id, bob.id}
    back = await records.update("user", gone.id, is_active=True)
    assert back.is_active
    assert (await records.update("user", ann.id, is_active=False)).is_active is False
    assert await ids(records, "user", role="sales") == {gone.id}
    error = await refused(records.list("user", role="\0"), ErrorReason.MALFORMED_REQUEST)
    assert fields(error) == ["role"]


async def test_callers_are_in_the_directory_and_can_be_described(
    client: Client, records: Records
) -> None:
    await records.new("tag")
    assert client.subject in await ids(records, "user")
    described = await records.update("user", client.subject, role="owner")
    assert (described.name, described.role) == ("", "owner")
    cleared = records.update("user", client.subject, mask=("name",))
    assert fields(await refused(cleared, ErrorReason.VALIDATION_FAILED)) == ["user.name"]


async def test_members_of_a_team_take_turns_in_their_order(api: Api, records: Records) -> None:
    ann, bob, cid = [(await records.new("user")).id for _ in range(3)]
    team = await records.new("team", member_ids=[cid, ann])
    assert list(team.member_ids) == [cid, ann]
    changed = await records.update("team", team.id, member_ids=[ann.upper(), bob, cid])
    assert list(changed.member_ids) == [ann, bob, cid]
    stored = await api.rows("SELECT user_id::text FROM team_members ORDER BY position")
    assert stored == [(ann,), (bob,), (cid,)]
    assert not (await records.update("team", team.id, mask=("member_ids",))).member_ids
    twice = records.update("team", team.id, member_ids=[ann, bob, ann])
    error = await refused(twice, ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["team.member_ids[2]"]
    stranger = await Records(await api.client()).new("user")
    foreign = records.update("team", team.id, member_ids=[ann, stranger.id])
    error = await refused(foreign, ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["team.member_ids[1]"]


async def test_a_team_that_a_workflow_names_stays(client: Client, records: Records) -> None:
    team = await records.new("team")
    workflow = await client.workflow()
    config = {"assignment_type": "ASSIGNMENT_TYPE_ROUND_ROBIN", "team_id": team.id}
    action = await client.add(workflow.id, {"assign_to_user": config})
    error = await refused(records.delete("team", team.id), ErrorReason.REFERENCED)
    assert "workflow actions (1)" in error.message
    request = DeleteActionRequest(workflow_id=workflow.id, action_id=action.id)
    await client.actions.DeleteAction(request)
    await records.delete("team", team.id)


async def test_a_tag_counts_its_contacts_and_stays_while_there_are_any(
    api: Api, client: Client, records: Records
) -> None:
    tag = await records.new("tag")
    assert tag.contact_count == 0
    for _ in range(2):
        contact = await client.contact()
        await api.execute(
            "INSERT INTO contact_tags (contact_id, tag_id, account_id)"
            " VALUES (CAST(:contact AS uuid), CAST(:tag AS uuid), :account)",
            contact=contact.id,
            tag=tag.id,
            account=client.account_id,
        )
    assert (await records.get("tag", tag.id)).contact_count == 2
    error = await refused(records.delete("tag", tag.id), ErrorReason.REFERENCED)
    assert error.message.endswith("is needed by contacts (2); take the tag off them first")
    renamed = await records.update("tag", tag.id, name="Loyal", mask=("name", "color"))
    assert (renamed.name, renamed.color, renamed.contact_count) == ("Loyal", "", 2)
    request = contact_service_pb2.ListContactsRequest(tag="Loyal")
    assert len((await client.contacts.ListContacts(request)).contacts) == 2


async def test_a_task_knows_when_it_was_done(records: Records) -> None:
    due = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
    task: task_pb2.Task = await records.new("task", due_at=due)
    assert task.due_at.ToDatetime(UTC) == due
    assert task.status == task_pb2.TASK_STATUS_OPEN
    assert not task.HasField("completed_at")
    done = await records.update("task", task.id, status="TASK_STATUS_DONE")
    assert done.completed_at == done.updated_at
    again = await records.update("task", task.id, status="TASK_STATUS_DONE", title="Called")
    assert again.completed_at == done.completed_at
    reopened = await records.update("task", task.id, mask=("status", "due_at"))
    assert reopened.status == task_pb2.TASK_STATUS_OPEN
    assert not reopened.HasField("completed_at")
    assert not reopened.HasField("due_at")
    at_once = await records.new("task", status="TASK_STATUS_DONE")
    assert at_once.completed_at == at_once.created_at


async def test_tasks_are_for_active_users(records: Records) -> None:
    user, idle = await records.new("user"), await records.new("user", is_active=False)
    task = await records.new("task", assignee_id=user.id)
    for assignee in (idle.id, str(uuid4())):
        for call in (
            records.new("task", assignee_id=assignee),
            records.update("task", task.id, assignee_id=assignee),
        ):
            error = await refused(call, ErrorReason.VALIDATION_FAILED)
            assert fields(error) == ["task.assignee_id"]
    await records.update("user", user.id, is_active=False)
    # Who has it already keeps it.
    kept = await records.update("task", task.id, title="Other", assignee_id=user.id)
    assert kept.assignee_id == user.id
    assert await ids(records, "task", assignee_id=user.id) == {task.id}
    assert await ids(records, "task", assignee_id=user.id, status="TASK_STATUS_DONE") == set()
    assert await ids(records, "task", contact_id=task.contact_id) == {task.id}
    unassigned = await records.update("task", task.id, mask=("assignee_id",))
    assert unassigned.assignee_id == ""


async def test_a_note_names_its_author_and_is_heard_of(
    api: Api, client: Client, records: Records
) -> None:
    contact = await client.contact()
    note = await records.create("note", contact_id=contact.id, content="Likes tea")
    assert note.author == f"user:{client.subject}"
    assert await ids(records, "note", contact_id=contact.id) == {note.id}
    heard = await told(api, "note_added")
    assert heard == [("note_added", contact.id, {"note_id": note.id, "note_type": "general"})]
    error = await refused(records.delete("note", note.id, etag="r1"), ErrorReason.STALE_ETAG)
    assert error.metadata["entity"] == "note"
    stranger = Records(await api.client())
    foreign = stranger.create("note", contact_id=contact.id, content="x")
    assert fields(await refused(foreign, ErrorReason.VALIDATION_FAILED)) == ["note.contact_id"]


async def notify(api: Api, client: Client, user: str, *channels: str) -> str:
    notification_id = uuid4()
    await api.execute(
        "INSERT INTO notifications (id, account_id, user_id, title, message, channels,"
        " action_execution_id) VALUES (:id, :account, CAST(:user AS uuid), 'Hot lead', 'Call',"
        " CAST(:channels AS text[]), :id)",
        id=notification_id,
        account=client.account_id,
        user=user,
        channels=list(channels),
    )
    return str(notification_id)


async def test_notifications_are_read_once(api: Api, client: Client, records: Records) -> None:
    ann, bob = (await records.new("user")).id, (await records.new("user")).id
    first = await notify(api, client, ann, "in_app", "email")
    second = await notify(api, client, ann, "sms")
    third = await notify(api, client, bob, "in_app")
    assert await ids(records, "notification") == {first, second, third}
    assert await ids(records, "notification", user_id=ann) == {first, second}
    assert await ids(records, "notification", action_execution_id=third) == {third}
    assert await ids(records, "notification", unread_only=True) == {first, third}

    async def mark(caller: Client) -> notification_pb2.Notification:
        request = MarkNotificationReadRequest(notification_id=first)
        return (await caller.directory.MarkNotificationRead(request)).notification

    marked = await mark(client)
    assert marked.HasField("read_at")
    assert await mark(client) == marked == await records.get("notification", first)
    assert await ids(records, "notification", unread_only=True) == {third}
    await refused(mark(await api.client()), ErrorReason.NOT_FOUND)
    audit = "SELECT count(*) FROM audit_log WHERE operation = 'notification.updated'"
    assert await api.rows(audit) == [(1,)]


async def test_everybody_marks_their_own_notifications(
    api: Api, client: Client, records: Records
) -> None:
    ann, bob = (await records.new("user")).id, (await records.new("user")).id
    notification = await notify(api, client, ann, "in_app")
    request = MarkNotificationReadRequest(notification_id=notification)
    for user, role in ((bob, "viewer"), (bob, "editor")):
        caller = await api.client(role, account_id=client.account_id, subject=user)
        await refused(caller.directory.MarkNotificationRead(request), ErrorReason.PERMISSION_DENIED)
    reader = await api.client("viewer", account_id=client.account_id, subject=ann)
    answer = await reader.directory.MarkNotificationRead(request)
    assert answer.notification.HasField("read_at")


async def test_a_notification_says_how_its_messages_fared(
    api: Api, client: Client, records: Records
) -> None:
    user = (await records.new("user")).id
    notification = await notify(api, client, user, "in_app", "email", "sms")
    for channel, status, reason in (("sms", "skipped", "no phone"), ("email", "pending", None)):
        await api.execute(
            "INSERT INTO deliveries (id, account_id, action_execution_id, notification_id, channel,"
            " recipient, status, reason, attempt_id, finished_at) VALUES (gen_random_uuid(),"
            " :account, gen_random_uuid(), CAST(:notification AS uuid), CAST(:channel AS text), '',"
            " CAST(:status AS text), CAST(:reason AS text), gen_random_uuid(),"
            " CASE WHEN CAST(:reason AS text) IS NOT NULL THEN now() END)",
            account=client.account_id,
            notification=notification,
            channel=channel,
            status=status,
            reason=reason,
        )
    shown: notification_pb2.Notification = await records.get("notification", notification)
    email, sms = shown.deliveries
    assert (email.status, email.reason) == (notification_pb2.DELIVERY_STATUS_PENDING, "")
    assert not email.HasField("finished_at")
    assert (sms.status, sms.reason) == (notification_pb2.DELIVERY_STATUS_SKIPPED, "no phone")
    assert sms.HasField("finished_at")
    assert len(shown.channels) == 3


async def grant(api: Api, client: Client, course: str, **more: object) -> str:
    access_id = uuid4()
    values: dict[str, object] = {"expires": None, "revoked": None} | more
    await api.execute(
        "INSERT INTO course_access (id, account_id, course_id, contact_id, access_level,"
        " drip_content, expires_at, revoked_at, progress) VALUES (:id, :account,"
        " CAST(:course AS uuid), CAST(:contact AS uuid), 'preview', true,"
        " now() + CAST(:expires AS interval), now() + CAST(:revoked AS interval),"
        """ '{"lesson": 3}')""",
        id=access_id,
        account=client.account_id,
        course=course,
        contact=(await client.contact()).id,
        **values,
    )
    return str(access_id)


async def test_access_expires_by_the_databases_clock(
    api: Api, client: Client, records: Records
) -> None:
    course = await records.new("course")
    day = timedelta(days=1)
    expected = {
        await grant(api, client, course.id): course_pb2.COURSE_ACCESS_STATUS_ACTIVE,
        await grant(api, client, course.id, expires=day): course_pb2.COURSE_ACCESS_STATUS_ACTIVE,
        await grant(api, client, course.id, expires=-day): course_pb2.COURSE_ACCESS_STATUS_EXPIRED,
        await grant(
            api, client, course.id, expires=-day, revoked=-day
        ): course_pb2.COURSE_ACCESS_STATUS_REVOKED,
    }
    listed = await records.list("course_access", course_id=course.id)
    assert {each.id: each.status for each in listed} == expected
    contact_id = listed[0].contact_id
    assert await ids(records, "course_access", contact_id=contact_id) == {listed[0].id}
    error = await refused(records.delete("course", course.id), ErrorReason.REFERENCED)
    assert "accesses (4)" in error.message


async def test_progress_is_replaced(api: Api, client: Client, records: Records) -> None:
    access_id = await grant(api, client, (await records.new("course")).id)

    async def set_progress(caller: Client, progress: dict[str, Any]) -> course_pb2.CourseAccess:
        request = SetCourseProgressRequest(course_access_id=access_id)
        request.progress.update(progress)
        return (await caller.courses.SetCourseProgress(request)).course_access

    access = await set_progress(client, {"done": [1, 2], "score": 9.5})
    assert access == await records.get("course_access", access_id)
    assert dict(access.progress) == {"done": [1, 2], "score": 9.5}
    assert (await set_progress(client, {"done": True})).progress["done"] is True
    assert (await set_progress(client, {"done": 1})).progress["done"] is not True
    assert not dict((await set_progress(client, {})).progress)
    audit = await api.rows(
        "SELECT before, after FROM audit_log WHERE entity_id = :id ORDER BY id", id=UUID(access_id)
    )
    assert audit[0] == (
        {"progress": {"lesson": 3}},
        {"progress": {"done": [1, 2], "score": 9.5}},
    )
    for bad in ({"x": "\0"}, {"x": float("inf")}, {"x": "x" * 70_000}):
        await refused(set_progress(client, bad), ErrorReason.VALIDATION_FAILED)
    await refused(set_progress(await api.client(), {}), ErrorReason.NOT_FOUND)
    viewer = await api.client("viewer", account_id=client.account_id)
    await refused(set_progress(viewer, {}), ErrorReason.PERMISSION_DENIED)


async def test_a_course_welcomes_with_a_template_of_the_account(
    api: Api, client: Client, records: Records
) -> None:
    request = contact_service_pb2.CreateEmailTemplateRequest(name="Welcome", html_body="Hi")
    template = (await client.contacts.CreateEmailTemplate(request)).template
    course = await records.new("course", welcome_template_id=template.id)
    assert course.welcome_template_id == template.id
    stranger = Records(await api.client())
    foreign = stranger.new("course", welcome_template_id=template.id)
    error = await refused(foreign, ErrorReason.VALIDATION_FAILED)
    assert fields(error) == ["course.welcome_template_id"]
    cleared = await records.update("course", course.id, mask=("welcome_template_id", "description"))
    assert (cleared.welcome_template_id, cleared.description) == ("", "")
