from collections.abc import Mapping

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from common.settings import DatabaseSettings, ProcessSettings, SettingsError, SharedSettings, load

SECRET = "s3cret-" * 8


class _Settings(DatabaseSettings):
    model_config = SettingsConfigDict(env_prefix="TREADLE_SAMPLE_")

    listen: str = "127.0.0.1:50052"
    concurrency: int = 4


VALID = {
    "TREADLE_NATS_URL": "nats://nats:4222",
    "TREADLE_JWT_SECRET": SECRET,
    "TREADLE_DATABASE_URL": "postgresql://treadle:pa55word@db/treadle",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NATS_URL", "NATS_REPLICAS", "JWT_SECRET", "DATABASE_URL", "LOG_LEVEL"):
        monkeypatch.delenv(f"TREADLE_{name}", raising=False)
    return monkeypatch


def _set(environment: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)


def _refusal(environment: pytest.MonkeyPatch, variables: Mapping[str, str]) -> str:
    _set(environment, variables)
    with pytest.raises(SettingsError) as refused:
        load(_Settings)
    return str(refused.value)


def test_own_variables_have_the_prefix_and_shared_ones_do_not(
    environment: pytest.MonkeyPatch,
) -> None:
    _set(environment, VALID | {"TREADLE_SAMPLE_CONCURRENCY": "8"})
    settings = load(_Settings)
    assert settings.concurrency == 8
    assert settings.listen == "127.0.0.1:50052"
    assert settings.nats_url == "nats://nats:4222"
    assert settings.nats_replicas == 1
    assert (settings.log_level, settings.log_format) == ("info", "json")


def test_every_missing_variable_is_named_at_once(environment: pytest.MonkeyPatch) -> None:
    message = _refusal(environment, {})
    assert "TREADLE_JWT_SECRET: Field required" in message
    assert "TREADLE_DATABASE_URL: Field required" in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TREADLE_JWT_SECRET", "hunter2"),
        ("TREADLE_DATABASE_URL", "mysql://hunter2@db"),
        ("TREADLE_DATABASE_URL", "postgresql://u@db/x?ssl=hunter2"),
        ("TREADLE_DATABASE_URL", "postgresql://u@db/x?hunter2=1"),
        ("TREADLE_DATABASE_URL", "postgresql://u@db/x?hunter2"),
        ("TREADLE_DATABASE_URL", "postgresql://u@db/x?sslmode=hunter2"),
        ("TREADLE_DATABASE_URL", "postgresql://u@db/x?sslmode=require&sslrootcert=/hunter2"),
        ("TREADLE_LOG_LEVEL", "hunter2"),
        ("TREADLE_NATS_REPLICAS", "hunter2"),
        ("TREADLE_SAMPLE_CONCURRENCY", "hunter2"),
    ],
)
def test_a_wrong_value_is_named_but_never_shown(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    message = _refusal(environment, VALID | {name: value})
    assert f"{name}: " in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "query", ["", "?sslmode=require", "?sslmode=verify-full&sslcert=/dev/null"]
)
def test_a_database_url_may_say_how_to_connect(environment: pytest.MonkeyPatch, query: str) -> None:
    url = VALID["TREADLE_DATABASE_URL"] + query
    _set(environment, VALID | {"TREADLE_DATABASE_URL": url})
    assert load(_Settings).database_url == url


def test_an_unknown_variable_with_the_own_prefix_is_refused(
    environment: pytest.MonkeyPatch,
) -> None:
    message = _refusal(environment, VALID | {"TREADLE_SAMPLE_CONCURENCY": "8"})
    assert "TREADLE_SAMPLE_CONCURENCY: unknown variable" in message


def test_another_services_variables_are_none_of_ours(environment: pytest.MonkeyPatch) -> None:
    _set(environment, VALID | {"TREADLE_OTHER_LISTEN": "x"})
    assert load(_Settings)
    assert load(SharedSettings)


def test_settings_do_not_change_and_do_not_show_secrets() -> None:
    settings = _Settings(jwt_secret=SECRET, database_url="postgresql://u:pa55word@db/x")  # pyright: ignore[reportArgumentType] - pydantic wraps it
    assert SECRET not in repr(settings)
    assert "pa55word" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.concurrency = 9


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(ValidationError):
        ProcessSettings.model_validate({"log_levle": "info"})


def test_uncaught_it_ends_the_process_with_its_message(environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as ended:
        load(_Settings)
    assert isinstance(ended.value.code, str)
