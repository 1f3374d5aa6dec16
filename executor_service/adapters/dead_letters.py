"""Tasks that are given up: kept on `treadle.dead.actions.<category>`, to be replayed by people.

They are kept for weeks, where more people can read them than may see credentials, so a secret that
is not sealed is masked as in everything that leaves.
"""

from google.protobuf.message import DecodeError
from nats.js import JetStreamContext

from common.catalogue import SECRET_MASK, catalogue, is_sealed
from common.nats import Delivery, store_dead_letter
from treadle.dispatch.v1.task_pb2 import ActionTask


class JetStreamDeadLetters:
    """The message as it came but for secrets; headers say where from and why it was given up."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def store(self, category: str, delivery: Delivery, reason: str) -> None:
        """Returns once the message is stored."""
        subject = f"treadle.dead.actions.{category}"
        await store_dead_letter(
            self._js, subject, delivery, reason, payload=without_secrets(delivery.data)
        )


def without_secrets(data: bytes) -> bytes:
    """A task with its plain secrets masked; whatever holds no configuration as it is.

    What this version knows nothing of may be a secret of a newer one, and is left out.
    """
    try:
        task = ActionTask.FromString(data)
    except DecodeError:
        return data
    if not task.HasField("config"):
        return data
    task.config.DiscardUnknownFields()
    action_type = task.config.WhichOneof("config")
    spec = None if action_type is None else catalogue().get(action_type)
    if spec is not None and spec.secrets:
        try:
            shown = spec.replace_secrets(
                spec.from_message(task.config),
                lambda value: value if is_sealed(value) else SECRET_MASK,
            )
            task.config.CopyFrom(spec.to_message(shown))
        except ValueError:
            # No configuration that could have been saved: this may be why the task is here.
            task.ClearField("config")
    return task.SerializeToString()
