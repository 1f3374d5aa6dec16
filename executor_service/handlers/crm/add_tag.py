"""SPEC-WFL-003 R3.3: adds a tag to the contact, creating it when the account lacks it."""

from executor_service.domain.outcome import AddTag, Completed, Outcome
from executor_service.handlers.base import EffectHandler
from treadle.catalog.v1.add_tag_pb2 import AddTagConfig
from treadle.dispatch.v1.task_pb2 import ActionTask


class AddTagHandler(EffectHandler[AddTagConfig]):
    """One effect; adding a tag that is there already changes nothing."""

    def apply(self, task: ActionTask, config: AddTagConfig) -> Outcome:
        """See `EffectHandler`."""
        name = config.tag_name
        return Completed(
            output={"tag_name": name},
            effects=(AddTag(task.contact_id, name, config.tag_color),),
        )
