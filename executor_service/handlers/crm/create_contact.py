"""SPEC-WFL-003 R3.1: creates a contact, or finds the one that has the email."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.create_contact_pb2 import CreateContactConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class CreateContactHandler(EffectHandler[CreateContactConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: CreateContactConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("create_contact", config),))
