"""What can be done with a contact's access to a course beyond reading it."""

from typing import Annotated, Final

from fastapi import APIRouter, Path

from gateway.headers import CallerDep, UpstreamDep
from gateway.mapping.values import struct
from gateway.models.base import Resource, UuidText
from gateway.models.course_accesses import CourseProgressBody
from gateway.pointers import BodyFields
from gateway.record_table import COURSE_ACCESSES
from gateway.requests import StrictRoute
from treadle.record.v1 import course_service_pb2 as pb

router: Final = APIRouter(
    prefix="/api/v1/course-accesses", tags=["course-accesses"], route_class=StrictRoute
)
_FIELDS: Final = BodyFields.of(CourseProgressBody, moved={("course_access",): ()})


@router.put(
    "/{course_access_id}/progress",
    operation_id="setCourseProgress",
    response_model=COURSE_ACCESSES.resource,
)
async def set_course_progress(
    course_access_id: Annotated[UuidText, Path()],
    body: CourseProgressBody,
    caller: CallerDep,
    upstream: UpstreamDep,
) -> Resource:
    """Replace what is kept about how far the contact has come."""
    request = pb.SetCourseProgressRequest(
        course_access_id=course_access_id, progress=struct(body.progress)
    )
    answer = await caller.call(upstream.courses.SetCourseProgress, request, fields=_FIELDS)
    return COURSE_ACCESSES.shown(answer.course_access)
