"""SPEC-WFL-003 R6.1: gives the contact access to a course."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.grant_course_access_pb2 import GrantCourseAccessConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class GrantCourseAccessHandler(EffectHandler[GrantCourseAccessConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: GrantCourseAccessConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("grant_course_access", config),))
