"""SPEC-WFL-003 R3.10: a note on the contact, which says where it comes from."""

from collections.abc import Sequence

import orjson

from action_service.adapters.driver import Driver
from action_service.engine.effects import Applied, AppliedEffect
from common.clock import rfc3339
from common.ids import new_id_text
from treadle.catalog.v1.add_note_pb2 import NoteType

_INSERT = """
    INSERT INTO treadle.notes (id, account_id, contact_id, content, note_type, context, author)
    SELECT v.id, v.account_id, v.contact_id, v.content, v.note_type, v.context::jsonb, v.author
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[]
    ) AS v(id, account_id, contact_id, content, note_type, context, author)
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Writes the notes; refuses nothing."""
    rows: list[tuple[str, ...]] = []
    for effect in effects:
        config = effect.effect.add_note
        note_id = new_id_text()
        note_type = NoteType.Name(config.note_type).removeprefix("NOTE_TYPE_").lower()
        rows.append(
            (
                note_id,
                effect.account_id,
                effect.contact_id,
                config.content,
                note_type,
                await _context(effect, applied),
                f"execution:{effect.execution_id}",
            )
        )
        applied.output(effect, note_id=note_id)
        data = {"note_id": note_id, "note_type": note_type}
        applied.event(effect, "note_added", effect.contact_id, data)
    await connection.execute(_INSERT, *zip(*rows, strict=True))


async def _context(effect: AppliedEffect, applied: Applied) -> str:
    """The step that wrote the note, as JSON; the plan is at hand since the step was decided."""
    plan = await applied.plan(effect.at.version_id)
    context = {
        "workflow_id": effect.workflow_id,
        "workflow_name": plan.workflow_name,
        "execution_id": effect.execution_id,
        "action_id": effect.action_id,
        "action_execution_id": effect.action_execution_id,
        "written_at": rfc3339(effect.now),
    }
    return orjson.dumps(context).decode()
