"""SPEC-WFL-003 R3.3: the tag is created when it does not exist, and put on the contact once."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.engine.effects import Applied, AppliedEffect

# One statement when all tags exist, which is nearly always; a row without a tag says which do not.
# One that somebody is deleting is waited for: it is gone then, and made anew.
_PUT = """
    WITH held AS (
        SELECT t.id, t.account_id, t.name FROM treadle.tags t
        WHERE (t.account_id, t.name) IN (SELECT * FROM unnest($2::uuid[], $3::text[]))
        ORDER BY t.id
        FOR KEY SHARE
    ), wanted AS (
        SELECT v.contact_id, v.account_id, v.name, t.id AS tag_id
        FROM unnest($1::uuid[], $2::uuid[], $3::text[])
             AS v(contact_id, account_id, name)
        LEFT JOIN held t ON t.account_id = v.account_id AND t.name = v.name
    ), put AS (
        INSERT INTO treadle.contact_tags (contact_id, tag_id, account_id)
        SELECT contact_id, tag_id, account_id FROM wanted WHERE tag_id IS NOT NULL
        ORDER BY contact_id, tag_id
        ON CONFLICT (contact_id, tag_id) DO NOTHING
        RETURNING contact_id, tag_id
    )
    SELECT w.contact_id::text, w.account_id::text, w.name, w.tag_id::text, p.tag_id IS NOT NULL
    FROM wanted w LEFT JOIN put p ON p.contact_id = w.contact_id AND p.tag_id = w.tag_id
    """
# Sorted input: two engines that create the same tags wait for each other in one order only.
_CREATE = """
    INSERT INTO treadle.tags (account_id, name, color)
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[]
    )
    ON CONFLICT (account_id, name) DO NOTHING
    """

# Contact, account and name of the tag.
Put: TypeAlias = tuple[str, str, str]


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Puts the tags on; refuses nothing."""
    colors: dict[tuple[str, str], str | None] = {}
    puts: list[Put] = []
    for at, effect in effects:
        tag = effect.add_tag
        account_id, name = at.account_id, tag.tag_name
        if color := tag.tag_color:
            colors.setdefault((account_id, name), color)
        puts.append((tag.contact_id, account_id, name))
    found = await put_tags(connection, dict.fromkeys(puts), colors)
    for effect, put in zip(effects, puts, strict=True):
        tag_id, added = found[put]
        applied.output(effect, tag_id=tag_id, added=added)
        if added:
            # Of several executions that put the same tag on in one batch, the first did.
            found[put] = (tag_id, False)
            contact_id, _, name = put
            applied.event(effect, "tag_added", contact_id, {"tag_id": tag_id, "tag_name": name})


async def put_tags(
    connection: Driver, puts: Collection[Put], colors: Mapping[tuple[str, str], str | None]
) -> dict[Put, tuple[str, bool]]:
    """Puts tags on contacts; `colors` are for those that are created, by account and name.

    Tells the tag's id, and whether the contact got it only now.
    """
    found = await _put(connection, puts)
    missing = [put for put, (tag_id, _) in found.items() if not tag_id]
    if missing:
        names = sorted({put[1:] for put in missing})
        await connection.execute(
            _CREATE,
            [account for account, _ in names],
            [name for _, name in names],
            [colors.get(tag) for tag in names],
        )
        found |= await _put(connection, missing)
    return found


async def _put(connection: Driver, puts: Collection[Put]) -> dict[Put, tuple[str, bool]]:
    """Puts on the tags that exist; the ids of the others are empty."""
    rows = await connection.fetch(_PUT, *zip(*puts, strict=True))
    return {(row[0], row[1], row[2]): (row[3] or "", row[4]) for row in rows}
