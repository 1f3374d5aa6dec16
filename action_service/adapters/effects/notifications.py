"""Notifications that users see in the application, and the record of those sent otherwise."""

from collections.abc import Sequence
from typing import NamedTuple

from action_service.adapters.driver import Driver

# `channels` travels as text, for arrays of arrays have to be rectangular.
_INSERT = """
    INSERT INTO treadle.notifications (
        id, account_id, user_id, contact_id, title, message, channels, action_execution_id
    )
    SELECT v.id, v.account_id, v.user_id, v.contact_id, v.title, v.message,
           string_to_array(v.channels, ','), v.action_execution_id
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[],
        $5::text[], $6::text[], $7::text[], $8::uuid[]
    ) AS v(id, account_id, user_id, contact_id, title, message, channels, action_execution_id)
    """


class NewNotification(NamedTuple):
    """A notification of one user that a step brings about."""

    id: str
    account_id: str
    user_id: str
    contact_id: str
    title: str
    message: str
    # Such as `in_app,email`.
    channels: str
    action_execution_id: str


async def insert_notifications(connection: Driver, rows: Sequence[NewNotification]) -> None:
    """Stores the notifications."""
    if rows:
        await connection.execute(_INSERT, *zip(*rows, strict=True))
