"""SPEC-WFL-003 R3.10: writes a note on the contact."""

from executor_service.domain.outcome import Completed, Outcome, RecordChange
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.add_note_pb2 import AddNoteConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class AddNoteHandler(EffectHandler[AddNoteConfig]):
    """One effect, which is the rendered configuration; the output is made where it is applied."""

    def apply(self, task: ActionTask, config: AddNoteConfig) -> Outcome:
        """See `EffectHandler`."""
        return Completed(effects=(RecordChange("add_note", config),))
