"""What a dead letter says is shown as JSON, and no secret of it."""

import orjson
import pytest

from action_service.domain.dead_letters import LetterKind
from action_service.servicers.dead_letter_payloads import payload_json
from common.catalogue import SEALED_PREFIX, SECRET_MASK, catalogue
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.dispatch.v1.result_pb2 import ActionResult, ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask

WEBHOOK = {
    "url": "https://example.com/x",
    "method": "POST",
    "payload": {"n": 1},
    "headers": {"Authorization": "Bearer s3cret", "X-Plan": "gold"},
    "auth_type": "bearer",
}


def shown(kind: LetterKind, payload: bytes) -> object:
    return orjson.loads(payload_json(kind, payload))


@pytest.mark.parametrize(
    "token", ["s3cret", f"{SEALED_PREFIX}v1:1:s3cret"], ids=["plain", "sealed"]
)
def test_secrets_are_masked(token: str) -> None:
    given = WEBHOOK | {"auth_config": {"token": token}}
    config = catalogue().get("webhook_call").to_message(given)
    task = ActionTask(attempt_id="a", config=config, context_json=b'{"contact": {"id": "c"}}')
    text = payload_json(LetterKind.ACTION, task.SerializeToString())
    assert "s3cret" not in text
    said = orjson.loads(text)
    assert said["context_json"] == {"contact": {"id": "c"}}
    webhook = said["config"]["webhook_call"]
    assert webhook["headers"] == {"Authorization": SECRET_MASK, "X-Plan": "gold"}
    assert webhook["auth_config"] == {"token": SECRET_MASK}


def test_configuration_of_a_newer_release_is_not_shown() -> None:
    # Field 9 of a task is its configuration; field 500 in it is no action known here.
    secret = b"\xa2\x1f\x06s3cret"
    data = ActionTask(attempt_id="a").SerializeToString() + b"\x4a" + bytes([len(secret)]) + secret
    assert shown(LetterKind.ACTION, data) == {"attempt_id": "a"}


def test_other_messages_are_shown_as_they_are() -> None:
    result = ActionResult(attempt_id="a")
    result.completed.output_json = b'{"tag_name": "vip"}'
    batch = ActionResultBatch(results=[result]).SerializeToString()
    assert shown(LetterKind.RESULT, batch) == {
        "results": [{"attempt_id": "a", "completed": {"output_json": {"tag_name": "vip"}}}]
    }
    delayed = DelayedTask(task=ActionTask(attempt_id="a")).SerializeToString()
    assert shown(LetterKind.DELAY, delayed) == {"task": {"attempt_id": "a"}}
    events = EventBatch(type="email_opened")
    events.events.add(id="e", data_json=b'{"automatic": false}')
    assert shown(LetterKind.EVENT, events.SerializeToString()) == {
        "type": "email_opened",
        "events": [{"id": "e", "data_json": {"automatic": False}}],
    }


@pytest.mark.parametrize("kind", LetterKind)
def test_what_cannot_be_read_is_shown_as_bytes(kind: LetterKind) -> None:
    assert shown(kind, b"\xff\xff") == {"unreadable": "//8="}
    assert payload_json(kind, b"") == ""
