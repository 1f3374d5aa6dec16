"""SPEC-WFL-003 R3.5: the contact is enrolled within the campaign's limit, and its run starts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from action_service.adapters.driver import Driver
from action_service.adapters.effects.campaigns import (
    LockedCampaign,
    NoSuchStartError,
    lock_campaigns,
    read_campaigns,
)
from action_service.adapters.effects.enrollments import Enrollment, Enrollments, Place
from action_service.domain.campaigns import Entry, EntryRefusedError, entry
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.domain.triggers import MAX_DEPTH
from action_service.engine.effects import Applied, AppliedEffect, Start
from common.ids import new_id_text
from treadle.catalog.v1.add_to_campaign_pb2 import START_POSITION_SPECIFIC_STEP

_ORIGINS = """
    SELECT e.id::text, e.workflow_id::text FROM treadle.workflow_executions e
    WHERE e.id = ANY($1::uuid[])
    """
_ANEW = "enrolled anew by a workflow"


class _Entering(NamedTuple):
    """A contact that is to be enrolled."""

    effect: AppliedEffect
    campaign_id: str
    # None for the campaign's beginning.
    step_id: str | None
    skip_if_enrolled: bool

    @property
    def place(self) -> Place:
        return (self.campaign_id, self.effect.contact_id)


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Enrols the contacts; those that are enrolled stay where they are, or start anew."""
    entering = [_entering(effect) for effect in effects]
    locked = await lock_campaigns(
        connection, {(each.effect.account_id, each.campaign_id) for each in entering}
    )
    places = {(each.effect.account_id, *each.place) for each in entering}
    enrollments = await Enrollments.at(connection, places, applied)
    await enrollments.hold(
        connection, {each.place for each in entering if not each.skip_if_enrolled}
    )
    campaigns = await read_campaigns(connection, locked, applied)
    origins = await _origins(connection, effects)
    for each in entering:
        campaign = campaigns.get((each.effect.account_id, each.campaign_id))
        if campaign is None:
            why = f"campaign_id: there is no campaign {each.campaign_id}; choose another one"
            applied.refuse(each.effect, ErrorClass.INVALID_CONFIG, why)
            continue
        chain = [origins.get(execution_id) for execution_id in each.effect.origin]
        depth = chain.count(campaign.workflow_id) if campaign.workflow_id else 0
        try:
            _enter(each, campaign, depth, enrollments, applied)
        except NoSuchStartError as error:
            applied.refuse(each.effect, ErrorClass.INVALID_CONFIG, str(error))
        except EntryRefusedError as error:
            applied.refuse(each.effect, ErrorClass.REJECTED, str(error))
    await enrollments.write(connection)


def _entering(effect: AppliedEffect) -> _Entering:
    config = effect.effect.add_to_campaign
    specific = config.start_position == START_POSITION_SPECIFIC_STEP
    return _Entering(
        effect,
        config.campaign_id.lower(),
        config.step_id.lower() if specific else None,
        config.skip_if_enrolled,
    )


async def _origins(connection: Driver, effects: Sequence[AppliedEffect]) -> Mapping[str, str]:
    """The workflows of the executions in chains so long that one may have led to itself."""
    ids = {each for effect in effects if len(effect.origin) >= MAX_DEPTH for each in effect.origin}
    rows = await connection.fetch(_ORIGINS, list(ids)) if ids else []
    return {row[0]: row[1] for row in rows}


def _enter(
    each: _Entering,
    campaign: LockedCampaign,
    depth: int,
    enrollments: Enrollments,
    applied: Applied,
) -> None:
    present = enrollments.active(each.place)
    first_action_id = campaign.start(each.step_id)
    if campaign.is_busy or (present is not None and enrollments.is_busy(present)):
        applied.busy(each.effect)
        return
    decision = entry(
        campaign.state,
        is_enrolled=present is not None,
        skip_if_enrolled=each.skip_if_enrolled,
        depth=depth,
    )
    if present is not None and decision is Entry.STAY:
        _report(each, present, applied, enrolled=False)
        return
    if present is not None:
        enrollments.end(each.effect, present, _ANEW)
    else:
        campaign.take()
    _begin(each, campaign, first_action_id, enrollments, applied)


def _begin(
    each: _Entering,
    campaign: LockedCampaign,
    first_action_id: str | None,
    enrollments: Enrollments,
    applied: Applied,
) -> None:
    effect = each.effect
    enrollment = Enrollment(
        id=new_id_text(),
        account_id=effect.account_id,
        campaign_id=campaign.id,
        contact_id=effect.contact_id,
        execution_id=None if campaign.workflow_id is None else new_id_text(),
        step_id=each.step_id,
        action_execution_id=effect.action_execution_id,
    )
    enrollments.add(enrollment)
    _report(each, enrollment, applied, enrolled=True)
    if campaign.workflow_id and campaign.version_id and enrollment.execution_id:
        applied.start(
            Start(
                effect.account_id,
                campaign.workflow_id,
                campaign.version_id,
                effect.contact_id,
                enrollment.execution_id,
                first_action_id=first_action_id,
                origin=effect.origin,
                enrollment_id=enrollment.id,
            )
        )


def _report(each: _Entering, enrollment: Enrollment, applied: Applied, *, enrolled: bool) -> None:
    run: dict[str, Json] = (
        {} if enrollment.execution_id is None else {"execution_id": enrollment.execution_id}
    )
    applied.output(
        each.effect,
        enrollment_id=enrollment.id,
        campaign_id=enrollment.campaign_id,
        enrolled=enrolled,
        **run,
    )
