"""SPEC-WFL-003 R3.8: the contact gets an owner: a user named, the next in turn, the least busy.

The row with a pool's last turn is locked for the batch, so that engines side by side pass the turn
on to each other and count what the other has given away.
"""

from collections import Counter
from collections.abc import Sequence, Set
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.adapters.effects.contacts import Contacts, User, known_users
from action_service.adapters.effects.notifications import NewNotification, insert_notifications
from action_service.domain.assignment import Member, Pool
from action_service.domain.contact_changes import Fields
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import nobody_to_assign
from action_service.engine.effects import Applied, AppliedEffect
from common.ids import new_id_text
from treadle.catalog.v1.assign_to_user_pb2 import AssignmentType

# Account, and the team or, for all users of the account, the account again.
_PoolId: TypeAlias = tuple[str, str]

# Sorted input: two engines lock the same turns in one order only.
_LOCK_TURNS = """
    INSERT INTO treadle.assignment_turns AS t (account_id, pool_id)
    SELECT * FROM unnest($1::uuid[], $2::uuid[])
    ON CONFLICT (account_id, pool_id) DO UPDATE SET last_user_id = t.last_user_id
    RETURNING t.account_id::text, t.pool_id::text, t.last_user_id::text
    """
# A user of whom only a token is known, and no name, is in no pool but those of their teams.
_MEMBERS = """
    SELECT v.account_id::text, v.pool_id::text, u.id::text, u.name, u.is_active
    FROM unnest($1::uuid[], $2::uuid[]) AS v(account_id, pool_id)
    CROSS JOIN LATERAL (
        SELECT u.id, u.name, u.is_active, m.position::bigint AS place, u.created_at
        FROM treadle.team_members m
        JOIN treadle.users u ON u.account_id = m.account_id AND u.id = m.user_id
        WHERE m.team_id = v.pool_id AND m.account_id = v.account_id
        UNION ALL
        SELECT u.id, u.name, u.is_active, 0, u.created_at
        FROM treadle.users u
        WHERE u.account_id = v.account_id AND v.pool_id = v.account_id AND u.name <> ''
    ) u
    ORDER BY v.account_id, v.pool_id, u.place, u.created_at, u.id
    """
_TEAMS = """
    SELECT t.account_id::text, t.id::text FROM treadle.teams t
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, id)
      ON v.account_id = t.account_id AND v.id = t.id
    """
_OWNED = """
    SELECT v.user_id::text, (
        SELECT count(*) FROM treadle.contacts c
        WHERE c.account_id = v.account_id AND c.owner_id = v.user_id
    )
    FROM unnest($1::uuid[], $2::uuid[]) AS v(account_id, user_id)
    """
_HAND_OVER = """
    UPDATE treadle.assignment_turns t SET last_user_id = v.user_id
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS v(account_id, pool_id, user_id)
    WHERE t.account_id = v.account_id AND t.pool_id = v.pool_id
    """


class _Pools:
    """Whose turn it is, and how many contacts each has, for the pools of a batch."""

    def __init__(self) -> None:
        self.pools: dict[_PoolId, Pool] = {}
        self.users: dict[tuple[str, str], User] = {}
        # By user, whose ids are of one account.
        self.owned: Counter[str] = Counter()

    def moved(self, before: object, after: object) -> None:
        """Counts a contact whose owner is another one now."""
        if isinstance(before, str):
            self.owned[before] -= 1
        if isinstance(after, str):
            self.owned[after] += 1


class _RefusedError(Exception):
    """Nobody can be the owner."""

    def __init__(self, error_class: ErrorClass, why: str) -> None:
        super().__init__(why)
        self.error_class = error_class


async def apply(
    connection: Driver, effects: Sequence[AppliedEffect], applied: Applied, contacts: Contacts
) -> None:
    """Gives each contact its owner; refuses when nobody can be."""
    pools = await _load(connection, effects, contacts)
    notifications: list[NewNotification] = []
    for effect in effects:
        before = contacts.get(effect.account_id, effect.contact_id)
        if before is None:
            applied.refuse(effect, ErrorClass.REJECTED, "the contact no longer exists")
            continue
        try:
            user = _choose(effect, before, pools)
        except _RefusedError as refusal:
            applied.refuse(effect, refusal.error_class, str(refusal))
            continue
        owner_id = before["owner_id"]
        after = {**before, "owner_id": user.id}
        changed = bool(contacts.change(effect, effect.contact_id, after, applied))
        pools.moved(owner_id, user.id)
        applied.output(
            effect,
            user_id=user.id,
            user_name=user.name,
            previous_user_id=owner_id or "",
            changed=changed,
        )
        if changed and effect.effect.assign_to_user.notify_assignee:
            notifications.append(_notification(effect, after, user))
    await _hand_over(connection, pools)
    await insert_notifications(connection, notifications)


def _pool_id(effect: AppliedEffect) -> _PoolId | None:
    config = effect.effect.assign_to_user
    if config.assignment_type == AssignmentType.ASSIGNMENT_TYPE_SPECIFIC:
        return None
    return effect.account_id, config.team_id or effect.account_id


async def _load(connection: Driver, effects: Sequence[AppliedEffect], contacts: Contacts) -> _Pools:
    pools = _Pools()
    pools.users |= await known_users(
        connection,
        (effect.effect.assign_to_user.user_id for effect in effects if _pool_id(effect) is None),
    )
    ids = await _existing(connection, {_pool_id(effect) for effect in effects})
    if not ids:
        return pools
    wanted = list(zip(*ids, strict=True))
    last = {(row[0], row[1]): row[2] for row in await connection.fetch(_LOCK_TURNS, *wanted)}
    members: dict[_PoolId, list[Member]] = {pool_id: [] for pool_id in ids}
    for account_id, pool_id, *user in await connection.fetch(_MEMBERS, *wanted):
        known = User(*user)
        pools.users[account_id, known.id] = known
        members[account_id, pool_id].append(Member(known.id, known.is_active))
    pools.pools = {key: Pool(members[key], last[key]) for key in ids}
    if pools.users and any(_is_least_busy(effect) for effect in effects):
        for row in await connection.fetch(_OWNED, *zip(*pools.users, strict=True)):
            pools.owned[row[0]] = row[1]
        for _, before, after in contacts.owner_changes():
            pools.moved(before, after)
    return pools


async def _existing(connection: Driver, pool_ids: Set[_PoolId | None]) -> list[_PoolId]:
    """The pools without those of unknown teams, in the order in which they are locked."""
    found = [pool_id for pool_id in pool_ids if pool_id is not None]
    teams = [pool_id for pool_id in found if pool_id[0] != pool_id[1]]
    known: set[_PoolId] = set(found) - set(teams)
    if teams:
        rows = await connection.fetch(_TEAMS, *zip(*teams, strict=True))
        known |= {(account_id, team_id) for account_id, team_id in rows}
    return sorted(known)


def _is_least_busy(effect: AppliedEffect) -> bool:
    kind = effect.effect.assign_to_user.assignment_type
    return kind == AssignmentType.ASSIGNMENT_TYPE_LEAST_BUSY


def _choose(effect: AppliedEffect, contact: Fields, pools: _Pools) -> User:
    """The new owner; raises _RefusedError."""
    account_id, config = effect.account_id, effect.effect.assign_to_user
    pool_id = _pool_id(effect)
    if pool_id is None:
        return _named(account_id, config.user_id, pools)
    pool, owner_id = pools.pools.get(pool_id), contact["owner_id"]
    if pool is None:
        raise _RefusedError(
            ErrorClass.INVALID_CONFIG, f"team_id: there is no team {config.team_id}; choose another"
        )
    if _is_least_busy(effect):
        chosen = pool.least_busy(pools.owned, owner_id if isinstance(owner_id, str) else None)
    else:
        chosen = pool.next_in_turn()
    if chosen is None:
        raise _RefusedError(ErrorClass.REJECTED, nobody_to_assign(config))
    return pools.users[account_id, chosen]


def _named(account_id: str, user_id: str, pools: _Pools) -> User:
    user = pools.users.get((account_id, user_id))
    if user is None:
        raise _RefusedError(
            ErrorClass.INVALID_CONFIG, f"user_id: there is no user {user_id}; choose another"
        )
    if not user.is_active:
        raise _RefusedError(
            ErrorClass.REJECTED,
            f"no eligible user: user {user_id} is not active; choose another or activate them",
        )
    return user


async def _hand_over(connection: Driver, pools: _Pools) -> None:
    turns = [
        (*pool_id, pool.last_user_id) for pool_id, pool in pools.pools.items() if pool.last_user_id
    ]
    if turns:
        await connection.execute(_HAND_OVER, *zip(*turns, strict=True))


def _notification(effect: AppliedEffect, contact: Fields, user: User) -> NewNotification:
    names = [str(contact[name]) for name in ("first_name", "last_name") if contact.get(name)]
    who = " ".join(names) or contact.get("email") or contact.get("phone") or effect.contact_id
    return NewNotification(
        new_id_text(),
        effect.account_id,
        user.id,
        effect.contact_id,
        "A contact was assigned to you",
        f"{who} is yours now.",
        "in_app",
        effect.action_execution_id,
    )
