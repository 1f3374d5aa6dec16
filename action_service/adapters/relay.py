"""Dead letters on their way back to the stream that they came from."""

from datetime import timedelta
from typing import Final

from nats.js import JetStreamContext

from action_service.domain.dead_letters import DeadLetter
from common.errors import dependency_unavailable
from common.ids import new_id_text
from common.nats import ACCOUNT_HEADER, NATS_TROUBLE, Outgoing, publish_one

_SOON: Final = timedelta(seconds=1)


class NatsRelay:
    """`Relay` on JetStream. Under a new id: the stream may remember the one that it had."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def send(self, letter: DeadLetter) -> None:
        """See Relay."""
        headers = {ACCOUNT_HEADER: str(letter.account_id)}
        message = Outgoing(letter.subject, letter.payload, new_id_text(), headers)
        try:
            await publish_one(self._js, message)
        except NATS_TROUBLE as error:
            raise dependency_unavailable("NATS", _SOON) from error
