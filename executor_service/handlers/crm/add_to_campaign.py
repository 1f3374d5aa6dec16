"""SPEC-WFL-003 R3.5: enrols the contact in a campaign."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.add_to_campaign_pb2 import AddToCampaignConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class AddToCampaignHandler(EffectHandler[AddToCampaignConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: AddToCampaignConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("add_to_campaign", config),))
