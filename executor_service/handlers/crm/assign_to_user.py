"""SPEC-WFL-003 R3.8: gives the contact an owner."""

from uuid import UUID

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.assign_to_user_pb2 import AssignmentType, AssignToUserConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class AssignToUserHandler(EffectHandler[AssignToUserConfig]):
    """One effect, with the ids as they are stored; who it is becomes known where it is applied."""

    def apply(self, task: ActionTask, config: AssignToUserConfig) -> Outcome:
        """See `EffectHandler`."""
        assignment = AssignToUserConfig(
            assignment_type=config.assignment_type, notify_assignee=config.notify_assignee
        )
        if config.assignment_type == AssignmentType.ASSIGNMENT_TYPE_SPECIFIC:
            assignment.user_id = str(UUID(config.user_id))
        elif config.team_id:
            assignment.team_id = str(UUID(config.team_id))
        return Completed(effects=(RecordChange("assign_to_user", assignment),))
