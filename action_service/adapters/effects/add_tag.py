"""SPEC-WFL-003 R3.3: the tag is created when it does not exist, and put on the contact once."""

from collections.abc import Mapping, Sequence

from action_service.adapters.driver import Driver
from action_service.engine.model import AppliedEffect

# One statement when all tags exist, which is nearly always; it says which do not.
_PUT = """
    WITH wanted AS (
        SELECT v.contact_id, v.account_id, v.name, t.id AS tag_id
        FROM unnest($1::uuid[], $2::uuid[], $3::text[])
             AS v(contact_id, account_id, name)
        LEFT JOIN treadle.tags t ON t.account_id = v.account_id AND t.name = v.name
    ), put AS (
        INSERT INTO treadle.contact_tags (contact_id, tag_id, account_id)
        SELECT contact_id, tag_id, account_id FROM wanted WHERE tag_id IS NOT NULL
        ORDER BY contact_id, tag_id
        ON CONFLICT (contact_id, tag_id) DO NOTHING
    )
    SELECT DISTINCT account_id::text, name FROM wanted WHERE tag_id IS NULL ORDER BY 1, 2
    """
# Sorted input: two engines that create the same tags wait for each other in one order only.
_CREATE = """
    INSERT INTO treadle.tags (account_id, name, color)
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[]
    )
    ON CONFLICT (account_id, name) DO NOTHING
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect]) -> Mapping[str, str]:
    """Puts the tags on; refuses nothing."""
    colors: dict[tuple[str, str], str | None] = {}
    puts: set[tuple[str, str, str]] = set()
    for applied in effects:
        tag = applied.effect.add_tag
        colors.setdefault((applied.account_id, tag.tag_name), tag.tag_color or None)
        puts.add((tag.contact_id, applied.account_id, tag.tag_name))
    wanted = list(zip(*puts, strict=True))
    missing = [(account, name) for account, name in await connection.fetch(_PUT, *wanted)]
    if missing:
        await connection.execute(
            _CREATE,
            [account for account, _ in missing],
            [name for _, name in missing],
            [colors[tag] for tag in missing],
        )
        await connection.execute(_PUT, *wanted)
    return {}
