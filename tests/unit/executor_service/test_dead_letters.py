"""Dead letters hold no secrets, and stay readable otherwise."""

from collections.abc import Mapping

import pytest

from common.catalogue import SEALED_PREFIX, SECRET_MASK, catalogue
from common.ids import new_id
from executor_service.adapters.dead_letters import without_secrets
from treadle.dispatch.v1.task_pb2 import ActionTask

WEBHOOK = {"url": "https://example.com/x", "method": "POST", "payload": {"n": [1, None]}}


def task(action_type: str, config: Mapping[str, object]) -> ActionTask:
    """A task with a context."""
    return ActionTask(
        attempt_id=str(new_id()),
        config=catalogue().get(action_type).to_message(config),
        context_json=b'{"contact": {}}',
    )


@pytest.mark.parametrize(
    ("auth_type", "name"), [("basic", "password"), ("bearer", "token"), ("api_key", "key")]
)
def test_credentials_are_masked(auth_type: str, name: str) -> None:
    auth = {"auth_type": auth_type, "auth_config": {name: "s3cret"}}
    given = task("webhook_call", WEBHOOK | auth)
    kept = without_secrets(given.SerializeToString())
    assert b"s3cret" not in kept
    found = ActionTask.FromString(kept)
    assert getattr(found.config.webhook_call.auth_config, name) == SECRET_MASK
    # Nothing else is changed.
    given.config.webhook_call.auth_config.ClearField(name)
    found.config.webhook_call.auth_config.ClearField(name)
    assert found == given


def test_header_with_credentials_is_masked() -> None:
    headers = {"Authorization": "Bearer s3cret", "X-Plan": "gold"}
    given = task("webhook_call", WEBHOOK | {"headers": headers})
    found = ActionTask.FromString(without_secrets(given.SerializeToString()))
    assert dict(found.config.webhook_call.headers) == headers | {"Authorization": SECRET_MASK}


def test_sealed_secret_stays_so_that_the_letter_can_be_replayed() -> None:
    auth = {"auth_type": "bearer", "auth_config": {"token": f"{SEALED_PREFIX}v1:1:AAAA"}}
    given = task("webhook_call", WEBHOOK | auth)
    assert ActionTask.FromString(without_secrets(given.SerializeToString())) == given


@pytest.mark.parametrize(
    "given", [task("add_tag", {"tag_name": "a"}), task("webhook_call", WEBHOOK)]
)
def test_what_has_no_secrets_stays_as_it_is(given: ActionTask) -> None:
    assert ActionTask.FromString(without_secrets(given.SerializeToString())) == given


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b'{"json": true}'])
def test_what_is_no_task_stays_as_it_is(data: bytes) -> None:
    assert without_secrets(data) == data


def test_configuration_of_a_newer_version_is_left_out() -> None:
    # Field 9 of a task is its configuration; field 500 in it is no action known here.
    secret = b"\xa2\x1f\x06s3cret"
    data = ActionTask(attempt_id="a").SerializeToString() + b"\x4a" + bytes([len(secret)]) + secret
    kept = without_secrets(data)
    assert b"s3cret" not in kept
    assert ActionTask.FromString(kept).attempt_id == "a"
