"""SPEC-WFL-003 R3.9: creates a task for a user."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.create_task_pb2 import CreateTaskConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class CreateTaskHandler(EffectHandler[CreateTaskConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: CreateTaskConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("create_task", config),))
