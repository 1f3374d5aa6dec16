"""SPEC-WFL-003 R5.1: users are notified in the application, by email and by SMS.

What the application shows is done with the step. Emails and SMS go out on their own, and how they
fare is kept with the notification.
"""

from collections.abc import Mapping, Sequence

from action_service.adapters.deliveries import NewDelivery, bring_about
from action_service.adapters.driver import Driver
from action_service.adapters.effects.notifications import NewNotification, insert_notifications
from action_service.adapters.effects.recipients import (
    CONTACT_OWNER,
    ROLE,
    SPECIFIC_USER,
    TEAM,
    Address,
    find_recipients,
)
from action_service.domain.notifications import Message, Recipient, eligible, messages
from action_service.domain.retry import ErrorClass
from action_service.engine.deliveries import Delivery
from action_service.engine.effect_configs import nobody_to_notify
from action_service.engine.effects import Applied, AppliedEffect
from common.ids import new_id_text
from treadle.catalog.v1 import send_notification_pb2 as pb

_CHANNELS = {
    pb.NOTIFICATION_CHANNEL_IN_APP: "in_app",
    pb.NOTIFICATION_CHANNEL_EMAIL: "email",
    pb.NOTIFICATION_CHANNEL_SMS: "sms",
}


class _RefusedError(Exception):
    """Nobody can be notified; the text is for the user."""

    def __init__(self, error_class: ErrorClass, why: str) -> None:
        super().__init__(why)
        self.error_class = error_class


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Stores the notifications and has their emails and SMS sent."""
    found = await find_recipients(
        connection, {address for effect in effects for address in _addresses(effect)}
    )
    notifications: list[NewNotification] = []
    deliveries: list[NewDelivery] = []
    for effect in effects:
        try:
            users = _recipients(effect, found)
        except _RefusedError as error:
            applied.refuse(effect, error.error_class, str(error))
            continue
        config = effect.effect.send_notification
        channels = [_CHANNELS[channel] for channel in dict.fromkeys(config.channels)]
        made = [_notification(effect, user, channels) for user in users]
        for user, notification in zip(users, made, strict=True):
            sent = messages(user, channels, title=config.title, text=config.message)
            deliveries += [_delivery(notification, user, message) for message in sent]
        notifications += made
        applied.output(
            effect,
            notification_ids=[notification.id for notification in made],
            user_ids=[user.id for user in users],
        )
    await insert_notifications(connection, notifications)
    await bring_about(connection, deliveries, applied)


def _addresses(effect: AppliedEffect) -> Sequence[Address]:
    config, account_id = effect.effect.send_notification, effect.account_id
    match config.recipient_type:
        case pb.RECIPIENT_TYPE_CONTACT_OWNER:
            return [(CONTACT_OWNER, account_id, effect.contact_id)]
        case pb.RECIPIENT_TYPE_TEAM:
            return [(TEAM, account_id, config.team_id.lower())]
        case pb.RECIPIENT_TYPE_ROLE:
            return [(ROLE, account_id, config.role)]
        case _:
            ids = dict.fromkeys(user_id.lower() for user_id in config.recipient_ids)
            return [(SPECIFIC_USER, account_id, user_id) for user_id in ids]


def _recipients(
    effect: AppliedEffect, found: Mapping[Address, Sequence[Recipient]]
) -> Sequence[Recipient]:
    """Whom the effect notifies, at least one; raises _RefusedError."""
    config = effect.effect.send_notification
    addresses = _addresses(effect)
    for kind, _, key in addresses:
        if (kind, effect.account_id, key) in found or kind in {CONTACT_OWNER, ROLE}:
            continue
        field, what = ("team_id", "team") if kind == TEAM else ("recipient_ids", "user")
        raise _RefusedError(
            ErrorClass.INVALID_CONFIG, f"{field}: there is no {what} {key}; choose another"
        )
    users = eligible([user for address in addresses for user in found.get(address, ())])
    if users:
        return users
    raise _RefusedError(ErrorClass.REJECTED, nobody_to_notify(config))


def _notification(
    effect: AppliedEffect, user: Recipient, channels: Sequence[str]
) -> NewNotification:
    config = effect.effect.send_notification
    return NewNotification(
        id=new_id_text(),
        account_id=effect.account_id,
        user_id=user.id,
        contact_id=effect.contact_id,
        title=config.title,
        message=config.message,
        channels=",".join(channels),
        action_execution_id=effect.action_execution_id,
    )


def _delivery(notification: NewNotification, user: Recipient, message: Message) -> NewDelivery:
    delivery = Delivery(
        id=new_id_text(),
        account_id=notification.account_id,
        contact_id=notification.contact_id,
        action_execution_id=notification.action_execution_id,
        channel=message.channel,
        recipient=message.address,
        recipient_name=user.name,
        subject=message.subject,
        body=message.body,
        template_id=None,
        context_json=None,
        attempt_id=new_id_text(),
    )
    return NewDelivery(delivery, notification_id=notification.id, skipped=message.skipped)
