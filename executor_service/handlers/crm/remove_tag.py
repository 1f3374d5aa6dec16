"""SPEC-WFL-003 R3.4: takes a tag off the contact."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.remove_tag_pb2 import RemoveTagConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class RemoveTagHandler(EffectHandler[RemoveTagConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: RemoveTagConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("remove_tag", config),))
