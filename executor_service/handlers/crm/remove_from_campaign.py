"""SPEC-WFL-003 R3.6: takes the contact out of a campaign."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.remove_from_campaign_pb2 import RemoveFromCampaignConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class RemoveFromCampaignHandler(EffectHandler[RemoveFromCampaignConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: RemoveFromCampaignConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("remove_from_campaign", config),))
