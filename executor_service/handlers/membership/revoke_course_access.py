"""SPEC-WFL-003 R6.2: takes access to a course away."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.revoke_course_access_pb2 import RevokeCourseAccessConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class RevokeCourseAccessHandler(EffectHandler[RevokeCourseAccessConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: RevokeCourseAccessConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("revoke_course_access", config),))
