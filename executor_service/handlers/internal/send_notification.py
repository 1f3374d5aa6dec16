"""SPEC-WFL-003 R5.1: notifies users of the account."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.send_notification_pb2 import SendNotificationConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class SendNotificationHandler(EffectHandler[SendNotificationConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: SendNotificationConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("send_notification", config),))
