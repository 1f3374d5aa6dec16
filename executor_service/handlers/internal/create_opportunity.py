"""SPEC-WFL-003 R5.2: creates an opportunity for the contact."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.create_opportunity_pb2 import CreateOpportunityConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class CreateOpportunityHandler(EffectHandler[CreateOpportunityConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: CreateOpportunityConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("create_opportunity", config),))
