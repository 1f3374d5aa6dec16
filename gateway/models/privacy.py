"""Erasures of contacts."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from gateway.models.base import Id, ProtoEnum, Resource
from treadle.compliance.v1 import privacy_service_pb2 as pb

ERASURE_STATUS = ProtoEnum(pb.ErasureStatus)

ErasureStatusShown = Annotated[str, ERASURE_STATUS.documented]


class Erasure(Resource):
    """The record of an erasure; it says nothing of the person beyond the id that they had."""

    id: Id
    contact_id: Id
    status: ErasureStatusShown = Field(
        description="`pending`: nothing is sent any more, the rest follows. `purging`: gone from "
        "the database, and messages between services are looked through. `completed`."
    )
    requested_by: str = Field(examples=["user:0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"])
    requested_at: datetime
    completed_at: datetime | None
    cancelled_executions: int = Field(description="Runs that were under way.")
    erased: dict[str, int] = Field(
        description="How many rows or messages, by the table or stream they were in.",
        examples=[{"contacts": 1, "notes": 3, "TREADLE_EVENTS": 2}],
    )
