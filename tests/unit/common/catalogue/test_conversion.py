"""Between JSON and messages nothing is lost."""

import json
import math
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from common.catalogue import ActionSpec, MalformedConfigError, catalogue
from common.catalogue.checks import MAX_DEPTH
from common.catalogue.convert import fill, read, read_value, set_value
from common.catalogue.fields import message_spec
from tests.unit.common.catalogue.cases import VALID
from tests.unit.common.catalogue.strategies import JSON, configs
from treadle.catalog.v1 import wait_time_pb2, webhook_call_pb2
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask
from treadle.workflow.v1.action_pb2 import ActionConfig

SPECS = list(catalogue().types.values())


def _number(value: Any) -> Any:
    """A whole number is kept without a fraction; minus zero has none to lose."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value) if value or math.copysign(1, value) > 0 else value
    return value


def _same(left: object, right: object) -> bool:
    """Equal, and of the same types but for whole numbers written with a fraction."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _kept(config: dict[str, Any]) -> dict[str, Any]:
    """What a message can hold of `config`: an empty list or map in it is the same as none."""
    emptied = {
        "attachments",
        "media_urls",
        "headers",
        "recipient_ids",
        "metadata",
        "allowed_modules",
    }
    return {name: _numbers(value) for name, value in config.items() if value or name not in emptied}


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_numbers(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return _number(value)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
@given(data=st.data())
def test_json_survives_its_message_and_the_wire(spec: ActionSpec, data: st.DataObject) -> None:
    config = data.draw(configs(spec))
    message = spec.to_message(config)
    found = spec.from_message(ActionConfig.FromString(message.SerializeToString()))
    assert _same(found, _kept(config))
    assert spec.to_message(found) == message
    assert spec.from_message(message) == found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
@given(data=st.data())
def test_what_fits_a_message_is_not_malformed(spec: ActionSpec, data: st.DataObject) -> None:
    config = data.draw(configs(spec))
    assert spec.validate(config).malformed == ()
    assert spec.validate(spec.from_message(spec.to_message(config))).malformed == ()


@given(JSON)
def test_any_json_survives_a_value(value: object) -> None:
    message = Value()
    set_value(message, value)
    assert _same(read_value(Value.FromString(message.SerializeToString())), _numbers(value))
    if isinstance(value, dict):
        struct = Struct()
        struct.update(value)  # pyright: ignore[reportUnknownArgumentType] - the reference
        assert _same(MessageToDict(struct), json.loads(json.dumps(value), parse_int=float))


def test_whole_numbers_stay_whole() -> None:
    spec = catalogue().get("webhook_call")
    payload = {"a": 1, "b": 1.0, "c": -0.0, "d": 2**53, "e": 1.5, "f": 1e300, "g": [0]}
    found = spec.from_message(spec.to_message(VALID["webhook_call"] | {"payload": payload}))
    assert json.dumps(found["payload"]) == (
        '{"a": 1, "b": 1, "c": -0.0, "d": 9007199254740992, "e": 1.5, "f": 1e+300, "g": [0]}'
    )


def test_only_what_is_set_comes_back_in_the_order_of_the_declaration() -> None:
    spec = catalogue().get("webhook_call")
    config = {
        "store_response": False,
        "headers": {"b": "1", "a": "2"},
        "method": "POST",
        "url": "https://example.com/",
        "payload": {},
        "auth_config": {},
        "timeout_seconds": None,
    }
    assert list(spec.from_message(spec.to_message(config)).items()) == [
        ("url", "https://example.com/"),
        ("method", "POST"),
        ("headers", {"a": "2", "b": "1"}),
        ("payload", {}),
        ("auth_config", {}),
        ("store_response", False),
    ]


def test_an_empty_configuration_keeps_its_type() -> None:
    message = catalogue().get("add_tag").to_message({})
    assert message.WhichOneof("config") == "add_tag"
    assert catalogue().get("add_tag").from_message(message) == {}
    with pytest.raises(ValueError, match="not a configuration of send_sms"):
        catalogue().get("send_sms").from_message(message)


def test_enum_numbers_of_other_versions_are_shown_and_refused() -> None:
    spec = catalogue().get("wait_time")
    message = ActionConfig(wait_time=wait_time_pb2.WaitTimeConfig(duration=1, unit=99))  # pyright: ignore[reportArgumentType] - an open enum
    config = spec.from_message(message)
    assert config == {"duration": 1, "unit": 99}
    assert [v.field for v in spec.validate(config).malformed] == ["unit"]
    unset = ActionConfig(wait_time=wait_time_pb2.WaitTimeConfig(duration=1, unit=0))  # pyright: ignore[reportArgumentType]
    assert spec.from_message(unset) == {"duration": 1}


def test_what_clients_can_put_into_a_message_is_judged() -> None:
    config = webhook_call_pb2.WebhookCallConfig(url="https://example.com/")
    config.payload.fields["nan"].number_value = math.nan
    config.payload.fields["none"].SetInParent()
    found = (
        catalogue()
        .get("webhook_call")
        .validate(catalogue().get("webhook_call").from_message(ActionConfig(webhook_call=config)))
    )
    assert [v.field for v in found.violations] == ["method", "payload.nan"]


@pytest.mark.parametrize(
    "config",
    [
        {"nope": 1},
        {"method": "FETCH"},
        {"method": 7},
        {"timeout_seconds": "x"},
        {"timeout_seconds": 2**40},
        {"headers": []},
        {"headers": {"a": 1}},
        {"payload": []},
        {"payload": {"a": object()}},
        {"auth_config": "x"},
        {"url": "\ud800"},
    ],
)
def test_malformed_configurations_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(MalformedConfigError) as refused:
        catalogue().get("webhook_call").to_message(config)
    assert next(iter(config)) in str(refused.value)


def test_the_deepest_json_passes_through_the_deepest_envelope() -> None:
    spec = catalogue().get("webhook_call")
    deep: Any = "x"
    for _ in range(MAX_DEPTH - 1):
        deep = {"a": deep}
    config = VALID["webhook_call"] | {"payload": {"a": deep}}
    assert spec.validate(config).violations == ()
    envelope = DelayedTask(task=ActionTask(config=spec.to_message(config)))
    assert DelayedTask.FromString(envelope.SerializeToString()) == envelope
    too_deep = VALID["webhook_call"] | {"payload": {"a": {"a": deep}}}
    assert [v.kind for v in spec.validate(too_deep).violations] == ["malformed"]


def test_timestamps() -> None:
    spec = message_spec(wait_time_pb2.WaitTimeOutput.DESCRIPTOR)
    message = wait_time_pb2.WaitTimeOutput()
    fill(message, spec, {"waited_until": "2026-01-26T10:00:00.000000001+01:00"})
    assert read(message, spec) == {"waited_until": "2026-01-26T09:00:00.000000001Z"}
