"""SPEC-WFL-003 R3.6: the enrolment ends with its reason, and what it has pending is cancelled."""

from collections.abc import Sequence

from action_service.adapters.driver import Driver
from action_service.adapters.effects.enrollments import Enrollments
from action_service.domain.retry import ErrorClass
from action_service.engine.effects import Applied, AppliedEffect

_KNOWN = """
    SELECT c.account_id::text, c.id::text
    FROM treadle.campaigns c
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, id)
      ON v.account_id = c.account_id AND v.id = c.id
    """
_REASON = "removed by a workflow"


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Takes the contacts out; a contact that is not in the campaign is left as it is."""
    removing = [
        (effect, effect.effect.remove_from_campaign.campaign_id.lower()) for effect in effects
    ]
    campaigns = {(effect.account_id, campaign_id) for effect, campaign_id in removing}
    known = {tuple(row) for row in await connection.fetch(_KNOWN, *zip(*campaigns, strict=True))}
    places = {(e.account_id, campaign_id, e.contact_id) for e, campaign_id in removing}
    enrollments = await Enrollments.at(connection, places, applied)
    await enrollments.hold(connection, [place[1:] for place in places])
    for effect, campaign_id in removing:
        enrollment = enrollments.active((campaign_id, effect.contact_id))
        if (effect.account_id, campaign_id) not in known:
            why = f"campaign_id: there is no campaign {campaign_id}; choose another one"
            applied.refuse(effect, ErrorClass.INVALID_CONFIG, why)
        elif enrollment is None:
            applied.output(effect, removed=False)
        elif enrollments.is_busy(enrollment):
            applied.busy(effect)
        else:
            reason = effect.effect.remove_from_campaign.reason or _REASON
            applied.output(effect, removed=True, enrollment_id=enrollment.id)
            run = enrollments.end(effect, enrollment, reason)
            if run is not None:
                applied.output(effect, cancelled_execution_id=run)
    await enrollments.write(connection)
