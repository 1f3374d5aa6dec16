"""SPEC-WFL-003 R3.4: the tag is taken off the contact; a contact without it is no failure."""

from collections.abc import Sequence

from action_service.adapters.driver import Driver
from action_service.engine.effects import Applied, AppliedEffect

# Locked in one order, for two engines may take off the same tags.
_REMOVE = """
    WITH found AS (
        SELECT ct.contact_id, ct.tag_id, t.name
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS v(contact_id, account_id, name)
        JOIN treadle.tags t ON t.account_id = v.account_id AND t.name = v.name
        JOIN treadle.contact_tags ct ON ct.contact_id = v.contact_id AND ct.tag_id = t.id
        ORDER BY ct.contact_id, ct.tag_id
        FOR UPDATE OF ct
    )
    DELETE FROM treadle.contact_tags ct USING found f
    WHERE ct.contact_id = f.contact_id AND ct.tag_id = f.tag_id
    RETURNING f.contact_id::text, f.name, f.tag_id::text
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Takes the tags off; refuses nothing."""
    removals = {
        (effect.contact_id, effect.account_id, effect.effect.remove_tag.tag_name)
        for effect in effects
    }
    rows = await connection.fetch(_REMOVE, *zip(*removals, strict=True))
    removed = {(contact_id, name): tag_id for contact_id, name, tag_id in rows}
    for effect in effects:
        name = effect.effect.remove_tag.tag_name
        # Of several executions that take the same tag off in one batch, the first does.
        tag_id = removed.pop((effect.contact_id, name), None)
        applied.output(effect, tag_name=name, removed=tag_id is not None)
        if tag_id is not None:
            applied.event(
                effect, "tag_removed", effect.contact_id, {"tag_id": tag_id, "tag_name": name}
            )
