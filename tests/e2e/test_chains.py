"""Workflows that lead to each other: by what they do to contacts, and by campaigns they back."""

from tests.support.e2e_office import Office
from tests.support.e2e_rest import Json, step, tag, wait
from tests.support.e2e_triggers import completed, started, triggered, when_tagged
from tests.support.foreground import eventually


def only_run(there: Office, workflow: str) -> Json:
    """The workflow's one execution."""
    (run,) = there.of(f"workflows/{workflow}/executions")
    return run


def test_an_import_sets_off_one_workflow_after_the_other(there: Office) -> None:
    api = there.api
    by_import: Json = {"field": "source", "value": "import"}
    of_plans: Json = {
        "field": "custom_fields.plan",
        "operator": "one_of",
        "value": ["pro", "team"],
    }
    created: Json = {"event_type": "contact_created", "conditions": [by_import, of_plans]}
    welcome = triggered(api, created, tag("{{ event.data.custom_fields.plan }}"))
    teach = triggered(api, when_tagged("pro"), step("grant_course_access", course_id=there.basics))
    sell = triggered(
        api,
        {
            "event_type": "access_granted",
            "conditions": [{"field": "course_id", "value": there.basics}],
        },
        step("create_opportunity", pipeline_id=there.sales["id"], name="Deal", value=10),
    )
    win = triggered(
        api,
        {"event_type": "opportunity_created"},
        step(
            "move_pipeline_stage",
            pipeline_id=there.sales["id"],
            stage_id=there.stage("Won"),
            opportunity_selector="specific",
            opportunity_id="{{ event.data.opportunity_id }}",
        ),
    )
    cheer = triggered(
        api,
        {"event_type": "stage_changed", "conditions": [{"field": "status", "value": "won"}]},
        step("add_note", content="Won {{ event.data.opportunity_id }}"),
    )

    by_hand = api.post("contacts", {"custom_fields": {"plan": "pro"}})
    rows = [f"{there.address(plan)},{plan}" for plan in ("pro", "team", "free")]
    people = there.imported("\n".join(["email,custom_fields.plan", *rows]))
    pro, team, free = (each["id"] for each in people)

    assert eventually(lambda: completed(api, cheer) == 1)
    assert eventually(lambda: completed(api, welcome) == 2)
    tags = [api.contact(each)["tags"] for each in (pro, team, free, by_hand["id"])]
    assert tags == [["pro"], ["team"], [], []]
    (access,) = there.of("course-accesses", contact_id=pro)
    (deal,) = there.of("opportunities")
    (note,) = there.of("notes")
    assert (deal["contact_id"], deal["status"]) == (pro, "won")
    assert (note["contact_id"], note["content"]) == (pro, f"Won {deal['id']}")
    heard = [only_run(there, each)["event"] for each in (teach, sell, win, cheer)]
    assert [each["type"] for each in heard] == [
        "tag_added",
        "access_granted",
        "opportunity_created",
        "stage_changed",
    ]
    assert heard[1]["data"]["access_id"] == access["id"]
    assert heard[3]["data"]["previous_stage_id"] == there.stage("Lead")


def test_two_workflows_that_set_each_other_off_come_to_an_end(there: Office) -> None:
    api = there.api
    cold = when_tagged("hot") | {"event_type": "tag_removed"}
    put_on = triggered(api, cold, step("add_tag", tag_name="hot"))
    take_off = triggered(api, when_tagged("hot"), step("remove_tag", tag_name="hot"))
    contact = api.post("contacts", {"first_name": "Ada"})["id"]
    there.run(put_on, contact)

    def refusals() -> list[Json]:
        entries = api.items(f"workflows/{put_on}/audit", "entries")
        return [each for each in entries if each["operation"] == "workflow.trigger_refused"]

    assert eventually(lambda: len(refusals()) == 1)
    assert (completed(api, put_on), completed(api, take_off)) == (5, 5)
    (refused,) = refusals()
    assert refused["entity_id"] == put_on
    assert refused["after"]["reason"].startswith("the workflow has led to itself 5 times")
    assert api.contact(contact)["tags"] == []


def test_who_enters_once_is_not_taken_again(there: Office) -> None:
    api = there.api
    note = step("add_note", content="{{ workflow.id }}")
    once = triggered(api, when_tagged("vip"), note, re_entry="once")
    always = triggered(api, when_tagged("vip"), note, re_entry="always")
    anew = api.workflow(step("remove_tag", tag_name="vip"), step("add_tag", tag_name="vip"))
    ada, bob = (api.post("contacts", {"first_name": name})["id"] for name in ("Ada", "Bob"))
    for entered, contacts in ((2, (ada, bob)), (3, (ada,)), (4, (ada,))):
        there.run(anew, *contacts)
        assert eventually(lambda n=entered: completed(api, always) == n)
    assert eventually(lambda: completed(api, once) == 2)
    assert (started(api, once), started(api, always)) == (2, 4)
    by_contact = [
        sorted(each["content"] == once for each in there.of("notes", contact_id=contact))
        for contact in (ada, bob)
    ]
    assert by_contact == [[False, False, False, True], [False, True]]


def test_a_campaign_runs_its_workflow_until_the_contact_leaves(there: Office) -> None:
    api = there.api
    series = api.workflow(tag("invited"), tag("reminded"), wait(1, "hours"), tag("never"))
    campaign = api.post(
        "campaigns",
        {
            "name": "Spring",
            "workflow_id": series,
            "enrollment_limit": 1,
            "steps": [{"name": "Reminder", "action_id": api.steps(series)["reminded"]["id"]}],
        },
    )
    enter = api.workflow(
        step(
            "add_to_campaign",
            campaign_id=campaign["id"],
            start_position="specific_step",
            step_id=campaign["steps"][0]["id"],
        )
    )
    leave = api.workflow(
        step("remove_from_campaign", campaign_id=campaign["id"], reason="bought"),
        step(
            "add_tag",
            tag_name="left {{ steps.remove_from_campaign.cancelled_execution_id }}",
        ),
    )
    ada, bob = (api.post("contacts", {"first_name": name})["id"] for name in ("Ada", "Bob"))

    there.run(enter, ada)
    (enrolled,) = there.of("enrollments", campaign_id=campaign["id"])
    run = f"executions/{enrolled['execution_id']}"
    assert eventually(lambda: api.get(run)["state"] == "waiting")
    assert (enrolled["contact_id"], enrolled["status"]) == (ada, "active")
    assert api.contact(ada)["tags"] == ["reminded"]
    assert api.get(f"campaigns/{campaign['id']}")["enrolled_count"] == 1
    (full,) = there.run(enter, bob)
    assert "is full: it takes 1 at a time" in full["reason"]

    there.run(leave, ada)
    ended = api.get(f"enrollments/{enrolled['id']}")
    assert (ended["status"], ended["end_reason"]) == ("removed", "bought")
    assert api.get(run)["state"] == "cancelled"
    assert api.contact(ada)["tags"] == [f"left {enrolled['execution_id']}", "reminded"]

    (entered,) = there.run(enter, bob)
    assert entered["state"] == "completed"
    assert api.get(f"campaigns/{campaign['id']}")["enrolled_count"] == 1


def test_a_campaign_is_completed_with_its_workflow(there: Office) -> None:
    api = there.api
    campaign = api.post("campaigns", {"name": "Short", "workflow_id": api.workflow(tag("read"))})
    enter = api.workflow(step("add_to_campaign", campaign_id=campaign["id"]))
    ada = api.post("contacts", {"first_name": "Ada"})["id"]
    there.run(enter, ada)
    (enrolled,) = there.of("enrollments", campaign_id=campaign["id"])
    path = f"enrollments/{enrolled['id']}"
    assert eventually(lambda: api.get(path)["status"] == "completed"), api.get(path)
    assert api.get(f"campaigns/{campaign['id']}")["enrolled_count"] == 0
