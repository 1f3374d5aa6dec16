"""SPEC-WFL-003 R3.7: moves an opportunity of the contact to a stage."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.move_pipeline_stage_pb2 import MovePipelineStageConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class MovePipelineStageHandler(EffectHandler[MovePipelineStageConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: MovePipelineStageConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("move_pipeline_stage", config),))
