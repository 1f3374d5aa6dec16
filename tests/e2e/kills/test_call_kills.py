"""`kill -9` while phones ring: each is rung once, and no run waits for ever for its call."""

from collections import Counter

from devstack.postgres import DATABASE
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, step
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually

BATCH = 25
# Without the gateway nobody says what is to be played, and nobody hears how it ended.
VICTIMS = ("executor-communication", "engine", "gateway", "api")
CONTACTS = BATCH * len(VICTIMS)
SETTLED = 120.0
"""Seconds: what was in hand comes back soon, in the worst case a lease has to run out too."""

# Runs that have an end yet to come, without those whose call nobody knows of.
UNFINISHED = """
    SELECT count(*) FROM treadle.workflow_executions e
    JOIN treadle.workflow_action_executions x ON x.id = e.current_action_execution_id
    WHERE e.account_id = '{account}' AND e.state IN ('running', 'waiting')
      AND x.outcome IS DISTINCT FROM 'unknown'
    """
# Of whose call nobody is going to ask how it ended.
UNASKED = f"""
    {UNFINISHED}
      AND NOT EXISTS (SELECT FROM scheduler.timers t WHERE t.attempt_id = x.attempt_id)
    """
DONE = """
    SELECT count(*) FROM treadle.workflow_action_executions x
    JOIN treadle.messages m ON m.action_execution_id = x.id
     AND m.provider_message_id = x.result_data->>'call_id'
    WHERE x.account_id = '{account}' AND x.status = 'completed'
      AND x.result_data->>'outcome' <> 'unknown'
    """
LOST = """
    SELECT count(*) FROM treadle.workflow_action_executions
    WHERE account_id = '{account}' AND outcome = 'unknown'
    """
A_MINUTE_PASSES = """
    UPDATE scheduler.timers
    SET due_at = due_at - interval '1 minute', fire_at = fire_at - interval '1 minute'
    WHERE account_id = '{account}'
    """


def query(account: Account, sql: str) -> str:
    return account.stack.postgres.query(sql.format(account=account.id), DATABASE)


def test_phones_ring_once_whatever_dies(
    mortal: Stack, account: Account, api: Customer, providers: Providers
) -> None:
    audio = {
        "name": "Offer",
        "url": "https://cdn.example.com/offer.mp3",
        "content_type": "audio/mpeg",
    }
    voicemail = step(
        "send_voicemail",
        audio_file_id=api.post("audio-files", audio)["id"],
        from_number="+14155550100",
        respect_quiet_hours=False,
    )
    workflow = api.workflow(voicemail)
    people = api.people(CONTACTS)
    for number, victim in enumerate(VICTIMS):
        before = providers.count("twilio_voice")
        api.start(workflow, people[number * BATCH : (number + 1) * BATCH])
        assert eventually(lambda: providers.count("twilio_voice") > before)  # noqa: B023
        mortal.services[victim].kill()
        mortal.services[victim].restart()

    # A call of whose end nothing is heard is asked for after a minute, also when the scheduler was
    # dead all that time. To whoever starts now it is the same when the timers have come nearer.
    assert eventually(lambda: query(account, UNASKED) == "0", bound=SETTLED)
    mortal.services["scheduler"].kill()
    query(account, A_MINUTE_PASSES)
    mortal.services["scheduler"].restart()
    assert eventually(lambda: query(account, UNFINISHED) == "0", bound=SETTLED)
    calls = providers.received("twilio_voice")
    rung = Counter(call["to"] for call in calls)
    assert set(rung.values()) == {1}
    done, lost = int(query(account, DONE)), int(query(account, LOST))
    assert done + lost == CONTACTS
    assert done <= len(calls) <= CONTACTS
