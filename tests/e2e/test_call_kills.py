"""`kill -9` while phones ring: each is rung once, and no run waits for ever for its call."""

from collections import Counter

import httpx

from devstack.stack import Stack
from tests.support.e2e_rest import Customer
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

BATCH = 25
# Without the gateway nobody says what is to be played, and nobody hears how it ended.
VICTIMS = ("executor-communication", "engine", "gateway", "api")
CONTACTS = BATCH * len(VICTIMS)
SETTLED = 240.0
"""Seconds: a call of whose end nothing is heard is asked for after 60."""


def unfinished(stack: Stack) -> str:
    """How many runs have an end yet to come, without those whose call nobody knows of."""
    return stack.postgres.query(
        "SELECT count(*) FROM treadle.workflow_executions e"
        " JOIN treadle.workflow_action_executions x ON x.id = e.current_action_execution_id"
        " WHERE e.state IN ('running', 'waiting') AND x.outcome IS DISTINCT FROM 'unknown'",
        "treadle",
    ).strip()


def test_phones_ring_once_whatever_dies(own_stack: Stack) -> None:
    headers = {"authorization": f"Bearer {own_stack.token()}"}
    with (
        httpx.Client(
            base_url=own_stack.gateway_url, headers=headers, timeout=30, trust_env=False
        ) as http,
        Providers(own_stack.simulator_url) as providers,
    ):
        api = Customer(http)
        audio = {
            "name": "Offer",
            "url": "https://cdn.example.com/offer.mp3",
            "content_type": "audio/mpeg",
        }
        config = {
            "audio_file_id": api.post("audio-files", audio)["id"],
            "from_number": "+14155550100",
            "respect_quiet_hours": False,
        }
        workflow = api.workflow({"action_type": "send_voicemail", "action_config": config})
        people = api.people(CONTACTS)
        for number, victim in enumerate(VICTIMS):
            before = providers.count("twilio_voice")
            api.start(workflow, people[number * BATCH : (number + 1) * BATCH])
            assert eventually(lambda: providers.count("twilio_voice") > before)  # noqa: B023
            own_stack.services[victim].kill()
            own_stack.services[victim].restart()
        assert eventually(lambda: unfinished(own_stack) == "0", bound=SETTLED)
        calls = providers.received("twilio_voice")
        rung = Counter(call["to"] for call in calls)
        assert set(rung.values()) == {1}
        done = own_stack.postgres.query(
            "SELECT count(*) FROM treadle.workflow_action_executions x"
            " JOIN treadle.messages m ON m.action_execution_id = x.id"
            " AND m.provider_message_id = x.result_data->>'call_id'"
            " WHERE x.status = 'completed' AND x.result_data->>'outcome' <> 'unknown'",
            "treadle",
        ).strip()
        lost = own_stack.postgres.query(
            "SELECT count(*) FROM treadle.workflow_action_executions WHERE outcome = 'unknown'",
            "treadle",
        ).strip()
        assert int(done) + int(lost) == CONTACTS
        assert int(done) <= len(calls) <= CONTACTS
    own_stack.check()
