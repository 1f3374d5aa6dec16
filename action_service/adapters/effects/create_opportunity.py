"""SPEC-WFL-003 R5.2: an opportunity of the contact, in a stage of a pipeline, with its value."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from action_service.adapters.driver import Driver
from action_service.adapters.effects.pipelines import NoSuchStageError, Pipelines
from action_service.domain.custom_fields import as_json
from action_service.domain.opportunities import OPPORTUNITY_CREATED
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import opportunity_value
from action_service.engine.effects import Applied, AppliedEffect
from common.ids import new_id_text

_ADD = """
    INSERT INTO treadle.opportunities (
        id, account_id, contact_id, pipeline_id, stage_id, name, value, currency, status,
        action_execution_id, closed_at
    )
    SELECT v.*, CASE WHEN v.status <> 'open' THEN now() END
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::numeric[],
        $8::text[], $9::text[], $10::uuid[]
    ) AS v(id, account_id, contact_id, pipeline_id, stage_id, name, value, currency, status,
           action_execution_id)
    """


class _New(NamedTuple):
    id: str
    account_id: str
    contact_id: str
    pipeline_id: str
    stage_id: str
    name: str
    value: Decimal | None
    currency: str
    status: str
    action_execution_id: str


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Creates the opportunities."""
    wanted = {(e.account_id, e.effect.create_opportunity.pipeline_id.lower()) for e in effects}
    pipelines = await Pipelines.load(connection, wanted)
    added: list[_New] = []
    for effect in effects:
        try:
            new = _new(effect, pipelines)
        except NoSuchStageError as error:
            applied.refuse(effect, ErrorClass.INVALID_CONFIG, str(error))
            continue
        added.append(new)
        told: dict[str, Json] = {
            "opportunity_id": new.id,
            "pipeline_id": new.pipeline_id,
            "stage_id": new.stage_id,
            "currency": new.currency,
        }
        if new.value is not None:
            told["value"] = as_json(new.value)
        applied.output(effect, **told)
        applied.event(effect, OPPORTUNITY_CREATED, effect.contact_id, told)
    if added:
        await connection.execute(_ADD, *zip(*added, strict=True))


def _new(effect: AppliedEffect, pipelines: Pipelines) -> _New:
    config = effect.effect.create_opportunity
    pipeline = pipelines.get(effect.account_id, config.pipeline_id.lower())
    stage = pipeline.stage(config.stage_id.lower())
    return _New(
        new_id_text(),
        effect.account_id,
        effect.contact_id,
        pipeline.id,
        stage.id,
        config.name,
        opportunity_value(config),
        config.currency or pipeline.currency,
        stage.outcome,
        effect.action_execution_id,
    )
