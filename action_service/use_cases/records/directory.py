"""Users, the teams they share work in, and what they are told."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from action_service.domain.record import Record
from action_service.use_cases.ports import Writer
from action_service.use_cases.records.crud import change_record, lock_record
from action_service.use_cases.records.kind import Draft, RecordKind
from action_service.use_cases.records.parts import repeated
from action_service.use_cases.records.ports import NOW
from common.errors import FieldViolation, permission_denied
from treadle.record.v1 import notification_pb2, team_pb2, user_pb2


async def _settle_team(tx: Writer, draft: Draft) -> Sequence[FieldViolation]:
    members = draft.values.get("member_ids")
    return repeated("member_ids", members) if isinstance(members, list) else ()


EDIT: Final = "directory:edit"

USER: Final = RecordKind(user_pb2.User, "users", by_name=True, defaults={"is_active": True})
TEAM: Final = RecordKind(team_pb2.Team, "teams", by_name=True, settle=_settle_team)
NOTIFICATION: Final = RecordKind(notification_pb2.Notification, "notifications")


async def mark_read(tx: Writer, notification_id: UUID, *, any_users: bool) -> Record:
    """The notification, read now unless it was before.

    Refuses those of other users than the caller unless `any_users`.
    """
    before = await lock_record(tx, NOTIFICATION, notification_id)
    if not any_users and before.values["user_id"] != str(tx.user_id):
        raise permission_denied(EDIT)
    if "read_at" in before.values:
        return before
    return await change_record(tx, NOTIFICATION, before, {"read_at": NOW})
