"""SPEC-WFL-003 R3.8: gives the contact an owner."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.assign_to_user_pb2 import AssignToUserConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class AssignToUserHandler(EffectHandler[AssignToUserConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: AssignToUserConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("assign_to_user", config),))
