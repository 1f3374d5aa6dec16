"""SPEC-WFL-003 R2.4: a message from a Facebook page, while Meta allows it."""

from common.catalogue.convert import read_struct
from common.catalogue.fields import enum_spec
from common.clock import Clock
from common.errors import TreadleError
from executor_service.domain import classify, messenger_window
from executor_service.domain.outcome import (
    Completed,
    Deferred,
    ErrorClass,
    Failed,
    Outcome,
    Skipped,
)
from executor_service.handlers.base import IoHandler, Send, Step
from executor_service.messages import FACEBOOK, gateway_of
from executor_service.ports import (
    Conversation,
    ConversationSource,
    MessengerGateway,
    MessengerGateways,
    MessengerMessage,
    PageNotFoundError,
)
from executor_service.postpone import not_had
from executor_service.recipients import Recipient, purpose_of
from treadle.catalog.v1 import send_messenger_pb2 as pb
from treadle.catalog.v1.send_purpose_pb2 import SEND_PURPOSE_TRANSACTIONAL
from treadle.compliance.v1.compliance_pb2 import CHANNEL_MESSENGER
from treadle.dispatch.v1.task_pb2 import DELIVERY_CHANNEL_MESSENGER, Sent

_MESSAGE_TYPES = enum_spec(pb.MessengerMessageType.DESCRIPTOR)
_MESSAGING_TYPES = enum_spec(pb.MessagingType.DESCRIPTOR)
_TAGS = enum_spec(pb.MessengerTag.DESCRIPTOR)


class SendMessengerHandler(IoHandler[pb.SendMessengerConfig]):
    """Whom it goes to, and whether it still may, is looked up on every attempt."""

    def __init__(
        self, gateways: MessengerGateways, conversations: ConversationSource, clock: Clock
    ) -> None:
        self._gateways = gateways
        self._conversations = conversations
        self._clock = clock

    def peer(self, config: pb.SendMessengerConfig) -> str:
        """See `IoHandler`."""
        return FACEBOOK

    async def prepare(self, step: Step[pb.SendMessengerConfig]) -> Outcome | Send:
        """See `IoHandler`."""
        config = step.config
        found = await self._conversation(step)
        if not isinstance(found, Conversation):
            return found
        if not found.psid:
            return Failed(
                ErrorClass.INVALID_CONFIG,
                f"the contact is not known on the messenger page {found.page_name!r}: they have "
                "to write to it first, and their identity there to be linked to the contact",
            )
        human_agent = config.tag == pb.MESSENGER_TAG_HUMAN_AGENT
        reason = messenger_window.closed(
            found.last_message_at, human_agent=human_agent, now=self._clock.now()
        )
        if reason is not None:
            return Skipped(reason)
        gateway = await gateway_of(
            self._gateways, step.task, clock=self._clock, name=found.credential
        )
        if isinstance(gateway, Failed | Deferred):
            return gateway
        message = MessengerMessage(
            page_id=found.facebook_page_id,
            psid=found.psid,
            messaging_type=_MESSAGING_TYPES.spelling(config.messaging_type) or "",
            tag=_TAGS.spelling(config.tag) or "",
            message_type=_MESSAGE_TYPES.spelling(config.message_type) or "",
            content=read_struct(config.content),
            metadata=step.task.attempt_id,
            reference=step.reference(),
        )
        # Meta allows nothing else by the tag.
        purpose = SEND_PURPOSE_TRANSACTIONAL if human_agent else purpose_of(config.purpose)
        recipient = Recipient(CHANNEL_MESSENGER, found.psid, purpose, step.task.contact_id)
        return Send(
            recipient, lambda: self._hand_over(gateway, message, config.page_id), _sent(message)
        )

    async def _conversation(
        self, step: Step[pb.SendMessengerConfig]
    ) -> Conversation | Failed | Deferred:
        task, page_id = step.task, step.config.page_id
        try:
            return await self._conversations.get(task.account_id, page_id, task.contact_id)
        except PageNotFoundError:
            return Failed(
                ErrorClass.INVALID_CONFIG, f"page_id: there is no messenger page {page_id}"
            )
        except (TreadleError, TimeoutError) as error:
            return not_had("the messenger page", error, self._clock.now())

    async def _hand_over(
        self, gateway: MessengerGateway, message: MessengerMessage, page_id: str
    ) -> Outcome:
        """Makes the one call that sends; the attempt has been claimed."""
        try:
            receipt = await gateway.send(message)
        except classify.WindowClosedError as error:
            return Skipped(f"Meta does not allow it any more: {error}")
        except classify.CallError as error:
            return classify.classify(error, peer="Meta", claimed=True, now=self._clock.now())
        return Completed(
            output={
                "message_id": receipt.message_id,
                "recipient_id": receipt.recipient_id,
                "page_id": page_id,
                "messaging_type": message.messaging_type,
            },
            provider_reference=receipt.message_id,
        )


def _sent(message: MessengerMessage) -> Sent:
    """What is handed over; of what is no text, to whom."""
    text = message.content.get("text")
    return Sent(
        channel=DELIVERY_CHANNEL_MESSENGER,
        recipient=message.psid,
        sender=message.page_id,
        text=text if isinstance(text, str) else "",
    )
