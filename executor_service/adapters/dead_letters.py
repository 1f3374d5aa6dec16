"""Tasks that are given up: kept on `treadle.dead.actions.<category>`, to be replayed by people."""

from nats.js import JetStreamContext

from common.nats import Delivery


class JetStreamDeadLetters:
    """The message as it came; headers say where from and why it was given up."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def store(self, category: str, delivery: Delivery, reason: str) -> None:
        """Returns once the message is stored."""
        await self._js.publish(
            f"treadle.dead.actions.{category}",
            delivery.data,
            headers={
                "Treadle-Subject": delivery.subject,
                "Treadle-Reason": reason,
                "Treadle-Deliveries": str(delivery.num_delivered),
            },
        )
