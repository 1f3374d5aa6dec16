"""The master keys of the action service: what is one, what is refused, and what is never shown."""

import json
from base64 import b64encode

import pytest

from action_service.settings import ActionSettings
from common.settings import SettingsError, load

KEY, OTHER = (b64encode(bytes([fill]) * 32).decode() for fill in (1, 2))
SOUND = {
    "TREADLE_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/none",
    "TREADLE_NATS_URL": "nats://127.0.0.1:1",
    "TREADLE_JWT_SECRET": "k" * 40,
}


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> ActionSettings:
    for name, value in (SOUND | variables).items():
        monkeypatch.setenv(name, value)
    return load(ActionSettings)


def test_the_current_key_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        monkeypatch,
        TREADLE_ACTION_MASTER_KEY=KEY,
        TREADLE_ACTION_PREVIOUS_MASTER_KEYS=json.dumps([OTHER]),
    )
    assert found.master_keys() == (b"\1" * 32, b"\2" * 32)
    assert KEY not in repr(found)
    assert OTHER not in repr(found)


def test_without_one_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch)
    with pytest.raises(SettingsError, match="TREADLE_ACTION_MASTER_KEY: Field required"):
        found.master_keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TREADLE_ACTION_MASTER_KEY", "hunter2"),
        ("TREADLE_ACTION_MASTER_KEY", ""),
        ("TREADLE_ACTION_MASTER_KEY", b64encode(b"hunter2" * 4).decode()),
        ("TREADLE_ACTION_MASTER_KEY", KEY + "hunter2="),
        ("TREADLE_ACTION_PREVIOUS_MASTER_KEYS", "hunter2"),
        ("TREADLE_ACTION_PREVIOUS_MASTER_KEYS", '["hunter2"]'),
        ("TREADLE_ACTION_PREVIOUS_MASTER_KEYS", '{"hunter2": 1}'),
        ("TREADLE_ACTION_PREVIOUS_MASTER_KEYS", "7"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        settings(monkeypatch, **{name: value})
    assert name in str(refused.value)
    assert "hunter2" not in str(refused.value)
