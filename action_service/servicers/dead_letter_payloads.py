"""What a dead letter says, for people: as JSON, without secrets."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from action_service.domain.dead_letters import LetterKind
from action_service.domain.plan import Json
from common.catalogue import SECRET_MASK, catalogue
from treadle.dispatch.v1.event_pb2 import EventBatch
from treadle.dispatch.v1.result_pb2 import ActionResultBatch
from treadle.dispatch.v1.task_pb2 import ActionTask, DelayedTask

# Bytes that are JSON by their contracts.
_JSON_FIELDS: Final = frozenset({"context_json", "output_json", "data_json"})


def payload_json(kind: LetterKind, payload: bytes) -> str:
    """The letter's message; of one that cannot be read its bytes in base64; empty when it is."""
    if not payload:
        return ""
    try:
        said = _READERS[kind](payload)
    except (DecodeError, ValueError):
        said = {"unreadable": b64encode(payload).decode()}
    return orjson.dumps(said).decode()


def _task(payload: bytes) -> dict[str, Json]:
    task = ActionTask.FromString(payload)
    action_type = task.config.WhichOneof("config")
    spec = None if action_type is None else catalogue().get(action_type)
    if spec is None:
        # What this release does not know may be a secret of another.
        task.ClearField("config")
    elif spec.secrets:
        try:
            shown = spec.replace_secrets(spec.from_message(task.config), lambda _: SECRET_MASK)
            task.config.CopyFrom(spec.to_message(shown))
        except ValueError:
            task.ClearField("config")
    return _said(task)


def _said(message: Message) -> dict[str, Json]:
    given: dict[str, Json] = MessageToDict(message, preserving_proto_field_name=True)
    return {name: _opened(name, value) for name, value in given.items()}


def _opened(name: str, value: Json) -> Json:
    """JSON that is packed into bytes, which `MessageToDict` shows in base64, as what it is."""
    match value:
        case dict():
            return {key: _opened(key, each) for key, each in value.items()}
        case list():
            return [_opened(name, each) for each in value]
        case str() if name in _JSON_FIELDS:
            return _unpacked(value)
        case _:
            return value


def _unpacked(encoded: str) -> Json:
    try:
        return orjson.loads(b64decode(encoded))
    except orjson.JSONDecodeError:
        return encoded


def _reader(message: Callable[[bytes], Message]) -> Callable[[bytes], dict[str, Json]]:
    return lambda payload: _said(message(payload))


_READERS: Final = MappingProxyType(
    {
        LetterKind.ACTION: _task,
        LetterKind.RESULT: _reader(ActionResultBatch.FromString),
        LetterKind.DELAY: _reader(DelayedTask.FromString),
        LetterKind.EVENT: _reader(EventBatch.FromString),
    }
)
