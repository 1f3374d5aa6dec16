"""Campaigns with their steps, who is in them, and courses with who has access to them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from action_service.domain.plan import Json
from action_service.domain.record import Record, items_in
from action_service.use_cases.ports import Writer
from action_service.use_cases.records.crud import update_record
from action_service.use_cases.records.kind import Draft, RecordKind
from action_service.use_cases.records.parts import check_dropped, repeated_ids, with_ids
from common.errors import FieldViolation
from treadle.record.v1 import campaign_pb2, course_pb2


async def _settle_campaign(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    if "steps" in draft.broken:
        return ()
    steps = items_in(draft.values, "steps")
    found = repeated_ids(draft, "steps")
    if draft.values.get("workflow_id") is None and "workflow_id" not in draft.broken:
        found += [
            FieldViolation(f"steps[{index}].action_id", "needs a campaign with a workflow")
            for index, step in enumerate(steps)
            if "action_id" in step
        ]
    if not found:
        draft.values["steps"] = with_ids(steps)
        await check_dropped(tx, CAMPAIGN, "campaign_step", draft, "steps")
    return found


CAMPAIGN: Final = RecordKind(
    campaign_pb2.Campaign,
    "campaigns",
    by_name=True,
    defaults={"is_active": True},
    within={"workflow": "workflow_id"},
    settle=_settle_campaign,
    way_out="set it inactive instead, or change these first",
)
CAMPAIGN_ENROLLMENT: Final = RecordKind(campaign_pb2.CampaignEnrollment, "campaign_enrollments")
COURSE: Final = RecordKind(course_pb2.Course, "courses", by_name=True)
COURSE_ACCESS: Final = RecordKind(course_pb2.CourseAccess, "course_accesses")


async def set_progress(tx: Writer, access_id: UUID, progress: dict[str, Json]) -> Record:
    """Replaces what is kept about how far the contact has come."""
    return await update_record(tx, COURSE_ACCESS, access_id, {"progress": progress}, ["progress"])
