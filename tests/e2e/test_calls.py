"""Calls through every process: placed, played from the gateway, told of, and done."""

from typing import Any

import pytest

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag
from tests.support.e2e_simulator import Providers
from tests.support.e2e_triggers import triggered
from tests.support.foreground import eventually

FROM = "+14155550100"
ANY_HOUR = {"from_number": FROM, "respect_quiet_hours": False}


@pytest.fixture
def api(account: Account) -> Customer:
    return Customer(account.http())


def voicemail(api: Customer, **config: Any) -> Json:
    audio = {
        "name": "Offer",
        "url": "https://cdn.example.com/offer.mp3",
        "content_type": "audio/mpeg",
    }
    config = {"audio_file_id": api.post("audio-files", audio)["id"], **ANY_HOUR, **config}
    return {"action_type": "send_voicemail", "action_config": config, "name": "voicemail"}


def call(**config: Any) -> Json:
    config = {"destination_type": "external", "destination_value": FROM, **ANY_HOUR, **config}
    return {"action_type": "make_call", "action_config": config, "name": "call"}


def run(api: Customer, step: Json, number: str) -> Json:
    """The step of a run that has ended, once its call has."""
    contact = api.post("contacts", {"phone": number, "first_name": "Mia"})["id"]
    (execution,) = api.start(api.workflow(step, tag("done")), [contact])
    assert eventually(lambda: api.ended(execution)), api.log(execution)
    assert eventually(lambda: api.contact(contact)["tags"] == ["done"])
    return api.log(execution)[0]


@pytest.mark.parametrize(
    ("number", "outcome", "answered_by", "seconds"),
    [
        ("+15005559014", "voicemail_left", "machine_end_beep", 24),
        # The gateway has had Twilio hang up.
        ("+15005559013", "human_answered", "human", 2),
        ("+15005559012", "no_answer", "", 0),
        ("+15005559011", "busy", "", 0),
    ],
)
def test_a_voicemail_is_done_when_its_call_has_ended(
    api: Customer, number: str, outcome: str, answered_by: str, seconds: int
) -> None:
    step = run(api, voicemail(api), number)
    (attempt,) = step["attempts"]
    assert step["result"] == {
        "call_id": attempt["provider_reference"],
        "to": number,
        "outcome": outcome,
        "answered_by": answered_by,
        "duration_seconds": seconds,
    }
    (message,) = step["messages"]
    state = "completed" if answered_by else outcome
    assert (message["channel"], message["state"]) == ("call", state)
    assert message["provider_message_id"] == attempt["provider_reference"]


def test_a_workflow_hears_of_a_voicemail(api: Customer) -> None:
    triggered(api, {"event_type": "voicemail_left"}, tag("heard"))
    contact = api.post("contacts", {"phone": "+15005559014"})["id"]
    api.start(api.workflow(voicemail(api)), [contact])
    assert eventually(lambda: api.contact(contact)["tags"] == ["heard"])


def test_a_call_connects_and_is_recorded(stack: Stack, api: Customer) -> None:
    user = api.post("users", {"name": "Grace", "phone": "+14155550177"})["id"]
    step = run(
        api,
        call(destination_type="user", destination_value=user, record_call=True),
        "+14155550188",
    )
    assert (step["result"]["outcome"], step["result"]["duration_seconds"]) == ("completed", 95)
    assert step["result"]["recording_url"].startswith("https://api.twilio.com/")
    with Providers(stack.simulator_url) as providers:
        calls = [
            each
            for each in providers.received("twilio_voice", "+14155550188")
            if each["id"] == step["result"]["call_id"]
        ]
    (placed,) = calls
    assert "dial=%2B14155550177" in placed["details"]["Url"]
    assert placed["details"]["Record"] == "true"


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("user", "Grace", "must be a UUID"),
        ("ivr", "https://127.0.0.1/menu", "public host"),
        ("external", "911", "E.164"),
    ],
)
def test_a_destination_of_another_kind_is_refused(
    api: Customer, kind: str, value: str, problem: str
) -> None:
    path = f"/api/v1/workflows/{api.draft()}/actions"
    answer = api.http.post(path, json=call(destination_type=kind, destination_value=value))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"].endswith("/destination_value")
    assert problem in error["detail"]
    assert f"when destination_type is {kind}" in error["detail"]


def test_what_is_not_there_is_named(api: Customer) -> None:
    nobody = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"
    workflow = api.draft(
        call(destination_type="user", destination_value=nobody),
        {**voicemail(api), "action_config": {**ANY_HOUR, "audio_file_id": nobody}},
    )
    found = [each["config_violations"] for each in api.steps(workflow).values()]
    assert found == [
        [{"field": "destination_value", "detail": "there is no user with this id"}],
        [{"field": "audio_file_id", "detail": "there is no audio file with this id"}],
    ]
    assert api.http.post(f"/api/v1/workflows/{workflow}/activate").status_code == 422
