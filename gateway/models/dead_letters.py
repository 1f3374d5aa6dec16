"""Bodies of the endpoints for messages that were given up."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from gateway.models.base import Body, Etag, Id, ProtoEnum, Resource, examples
from treadle.deadletter.v1 import dead_letter_pb2

KIND = ProtoEnum(dead_letter_pb2.DeadLetterKind)
STATE = ProtoEnum(dead_letter_pb2.DeadLetterState)

KindName = Annotated[str, KIND]
KindShown = Annotated[str, KIND.documented]
StateName = Annotated[str, STATE]
StateShown = Annotated[str, STATE.documented]


class ReplayDeadLetterBody(Body):
    """Why it will do better this time; the whole body may be left out."""

    model_config = examples({"reason": "the new release can read it"})

    reason: str = Field(default="", max_length=500, description="For the audit log.")
    etag: Etag | None = None


class DiscardDeadLetterBody(Body):
    """Why nothing more is to become of it."""

    model_config = examples({"reason": "the offer has ended"})

    reason: str = Field(min_length=1, max_length=500, description="For the audit log.")
    etag: Etag | None = None


class DeadLetter(Resource):
    """A message that was given up. Its step has failed by it, if it had one."""

    id: Id
    kind: KindShown = Field(
        description="`action`: an attempt; `result`: the answer to one; `delay`: an attempt that "
        "was to be held back; `event`: events of a contact."
    )
    state: StateShown
    source: str = Field(
        description="Where it was given up: a category of actions, `results`, `events`, `delay`."
    )
    reason: str
    deliveries: int = Field(description="How often it had been delivered by then.")
    deaths: int = Field(description="More than 1 when it was replayed in vain.")
    died_at: datetime
    workflow_id: Id | None
    execution_id: Id | None
    action_execution_id: Id | None
    action_type: str | None
    contact_id: Id | None
    attempt_id: Id | None
    closed_by: str | None
    closed_at: datetime | None
    closing_reason: str | None
    payload_bytes: int
    etag: str


class DeadLetterDetails(DeadLetter):
    """The same with what it says."""

    payload: dict[str, Any] | None = Field(
        description='The message without secrets, or `{"unreadable": "<base64>"}`; null once it '
        "was discarded."
    )


class DeadLetterList(Resource):
    """Dead letters, the first to die first."""

    dead_letters: list[DeadLetter]
    next_page_token: str | None = Field(description="null on the last page.")
