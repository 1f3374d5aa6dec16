"""SPEC-WFL-003 R3.7: an opportunity of the contact moves to a stage, and takes on its outcome.

The opportunities of a batch's contacts are locked and read once, moved in memory in the order in
which the results came, and written back once.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from action_service.adapters.driver import Driver
from action_service.adapters.effects.audit import AuditEntry, write_audit
from action_service.adapters.effects.pipelines import NoSuchStageError, Pipelines
from action_service.domain.opportunities import (
    STAGE_CHANGED,
    Opportunity,
    Selector,
    moved,
    selected,
)
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import SELECTORS
from action_service.engine.effects import Applied, AppliedEffect

# Of each contact, by account and contact: its opportunities by id.
_Own: TypeAlias = Mapping[tuple[str, str], dict[str, Opportunity]]

_LOCK = """
    SELECT o.account_id::text, o.contact_id::text, o.id::text, o.pipeline_id::text,
           o.stage_id::text, o.status, o.created_at, o.closed_at
    FROM treadle.opportunities o
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, contact_id)
      ON v.account_id = o.account_id AND v.contact_id = o.contact_id
    ORDER BY o.id
    FOR NO KEY UPDATE OF o
    """
_MOVE = """
    UPDATE treadle.opportunities o
    SET pipeline_id = v.pipeline_id, stage_id = v.stage_id, status = v.status,
        closed_at = v.closed_at, stage_changed_at = now(), updated_at = now(),
        revision = o.revision + 1
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[]
    ) AS v(id, pipeline_id, stage_id, status, closed_at)
    WHERE o.id = v.id
    """


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Moves the opportunities; refuses when the contact has none that is meant."""
    wanted = {(e.account_id, e.effect.move_pipeline_stage.pipeline_id.lower()) for e in effects}
    pipelines = await Pipelines.load(connection, wanted)
    own = await _own(connection, {(e.account_id, e.contact_id) for e in effects})
    changed: dict[str, Opportunity] = {}
    audit: list[AuditEntry] = []
    for effect in effects:
        try:
            before, after = _move(effect, pipelines, own)
        except NoSuchStageError as error:
            applied.refuse(effect, ErrorClass.INVALID_CONFIG, str(error))
            continue
        except _NoOpportunityError as error:
            applied.refuse(effect, ErrorClass.REJECTED, str(error))
            continue
        _tell(effect, before, after, applied)
        if after is not before:
            changed[after.id] = own[effect.account_id, effect.contact_id][after.id] = after
            audit.append(_audited(effect, before, after))
    if changed:
        rows = [(o.id, o.pipeline_id, o.stage_id, o.status, o.closed_at) for o in changed.values()]
        await connection.execute(_MOVE, *zip(*rows, strict=True))
        await write_audit(connection, audit)


class _NoOpportunityError(Exception):
    """The contact has no opportunity that is meant."""


async def _own(connection: Driver, contacts: set[tuple[str, str]]) -> _Own:
    own: dict[tuple[str, str], dict[str, Opportunity]] = {contact: {} for contact in contacts}
    for account_id, contact_id, *row in await connection.fetch(_LOCK, *zip(*contacts, strict=True)):
        opportunity = Opportunity(*row)
        own[account_id, contact_id][opportunity.id] = opportunity
    return own


def _move(
    effect: AppliedEffect, pipelines: Pipelines, own: _Own
) -> tuple[Opportunity, Opportunity]:
    config = effect.effect.move_pipeline_stage
    pipeline = pipelines.get(effect.account_id, config.pipeline_id.lower())
    stage = pipeline.stage(config.stage_id.lower())
    selector = SELECTORS[config.opportunity_selector]
    opportunity_id = config.opportunity_id.strip().lower()
    before = selected(
        own[effect.account_id, effect.contact_id].values(),
        selector,
        pipeline_id=pipeline.id,
        opportunity_id=opportunity_id,
    )
    if before is None:
        raise _NoOpportunityError(
            f"opportunity_id: the contact has no opportunity {opportunity_id}"
            if selector is Selector.SPECIFIC
            else f"the contact has no opportunity in the pipeline {pipeline.name}; create one first"
        )
    return before, moved(before, pipeline.id, stage, now=effect.now)


def _tell(effect: AppliedEffect, before: Opportunity, after: Opportunity, applied: Applied) -> None:
    ids: dict[str, Json] = {
        "opportunity_id": after.id,
        "previous_stage_id": before.stage_id,
        "stage_id": after.stage_id,
    }
    applied.output(effect, **ids, moved=after is not before)
    if after is not before:
        data = ids | {"pipeline_id": after.pipeline_id, "status": after.status}
        applied.event(effect, STAGE_CHANGED, effect.contact_id, data)


def _audited(effect: AppliedEffect, before: Opportunity, after: Opportunity) -> AuditEntry:
    return AuditEntry(
        effect.account_id,
        effect.execution_id,
        "opportunity.moved",
        "opportunity",
        after.id,
        _audit_values(before),
        _audit_values(after),
    )


def _audit_values(opportunity: Opportunity) -> dict[str, Json]:
    return {
        "pipeline_id": opportunity.pipeline_id,
        "stage_id": opportunity.stage_id,
        "status": opportunity.status,
    }
