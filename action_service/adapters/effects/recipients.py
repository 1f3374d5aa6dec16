"""Finds the users whom notifications are for, however these name them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.domain.notifications import Recipient

# How users are named, the account, and the id or name: of the user, of the contact that they own,
# of the team that they are members of, of their role.
Address: TypeAlias = tuple[str, str, str]

SPECIFIC_USER = "specific_user"
CONTACT_OWNER = "contact_owner"
TEAM = "team"
ROLE = "role"
_KINDS = (SPECIFIC_USER, CONTACT_OWNER, TEAM, ROLE)

_USER = "u.id::text, u.name, u.email, u.phone, u.is_active, u.created_at"
# A team without members gives a row without a user, and so is told from one that is not there.
_FIND = f"""
    SELECT '{SPECIFIC_USER}', v.account_id::text, v.key::text, {_USER}, 0
    FROM unnest($1::uuid[], $2::uuid[]) AS v(account_id, key)
    JOIN treadle.users u ON u.account_id = v.account_id AND u.id = v.key
    UNION ALL
    SELECT '{CONTACT_OWNER}', v.account_id::text, v.key::text, {_USER}, 0
    FROM unnest($3::uuid[], $4::uuid[]) AS v(account_id, key)
    JOIN treadle.contacts c ON c.account_id = v.account_id AND c.id = v.key
    JOIN treadle.users u ON u.account_id = c.account_id AND u.id = c.owner_id
    UNION ALL
    SELECT '{TEAM}', v.account_id::text, v.key::text, {_USER}, m.position
    FROM unnest($5::uuid[], $6::uuid[]) AS v(account_id, key)
    JOIN treadle.teams t ON t.account_id = v.account_id AND t.id = v.key
    LEFT JOIN treadle.team_members m ON m.team_id = t.id
    LEFT JOIN treadle.users u ON u.account_id = m.account_id AND u.id = m.user_id
    UNION ALL
    SELECT '{ROLE}', v.account_id::text, v.key, {_USER}, 0
    FROM unnest($7::uuid[], $8::text[]) AS v(account_id, key)
    JOIN treadle.users u ON u.account_id = v.account_id AND u.role = v.key
    WHERE u.role <> ''
    ORDER BY 10, 9, 4
    """  # noqa: S608 - made of constants


async def find_recipients(
    connection: Driver, addresses: Collection[Address]
) -> Mapping[Address, Sequence[Recipient]]:
    """The users behind each address, active or not; none of an address that names nothing.

    Members of a team come in the team's order, others in that in which they came to the account.
    """
    given: list[Sequence[str]] = []
    for kind in _KINDS:
        named = sorted(address[1:] for address in addresses if address[0] == kind)
        given += _columns(named)
    found: dict[Address, list[Recipient]] = {}
    for kind, account_id, key, user_id, *user, _, _ in await connection.fetch(_FIND, *given):
        users = found.setdefault((kind, account_id, key), [])
        if user_id is not None:
            users.append(Recipient(user_id, *user))
    return found


def _columns(named: Iterable[Sequence[str]]) -> tuple[Sequence[str], Sequence[str]]:
    pairs = list(named)
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
