"""SPEC-WFL-003 R3.3: the tag is created when it does not exist, and put on the contact once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.engine.model import AppliedEffect

# Sorted input: two engines that add the same tags wait for each other in one order only.
_CREATE = text(
    """
    INSERT INTO treadle.tags (account_id, name, color)
    SELECT v.account_id, v.name, v.color
    FROM unnest(CAST(:accounts AS uuid[]), CAST(:names AS text[]), CAST(:colors AS text[]))
         AS v(account_id, name, color)
    WHERE NOT EXISTS (
        SELECT FROM treadle.tags t WHERE t.account_id = v.account_id AND t.name = v.name
    )
    ON CONFLICT (account_id, name) DO NOTHING
    """
)
_PUT = text(
    """
    INSERT INTO treadle.contact_tags (contact_id, tag_id, account_id)
    SELECT v.contact_id, t.id, v.account_id
    FROM unnest(CAST(:contacts AS uuid[]), CAST(:accounts AS uuid[]), CAST(:names AS text[]))
         AS v(contact_id, account_id, name)
    JOIN treadle.tags t ON t.account_id = v.account_id AND t.name = v.name
    ORDER BY v.contact_id, t.id
    ON CONFLICT (contact_id, tag_id) DO NOTHING
    """
)


async def apply(connection: AsyncConnection, effects: Sequence[AppliedEffect]) -> Mapping[str, str]:
    """Puts the tags on; refuses nothing."""
    colors: dict[tuple[str, str], str | None] = {}
    puts: set[tuple[str, str, str]] = set()
    for applied in effects:
        tag = applied.effect.add_tag
        colors.setdefault((applied.account_id, tag.tag_name), tag.tag_color or None)
        puts.add((tag.contact_id, applied.account_id, tag.tag_name))
    tags = sorted(colors)
    await connection.execute(
        _CREATE,
        {
            "accounts": [account for account, _ in tags],
            "names": [name for _, name in tags],
            "colors": [colors[tag] for tag in tags],
        },
    )
    contacts, accounts, names = zip(*puts, strict=True)
    await connection.execute(_PUT, {"contacts": contacts, "accounts": accounts, "names": names})
    return {}
