"""The campaigns of a batch, locked, with the workflows behind them.

They stay locked until the transaction ends, so that of all who want the last place, one gets it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.campaigns import Campaign
from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.plan import Plan
from action_service.domain.progress import steps_from
from action_service.engine.effects import Applied

# Ids of an account and of a campaign in it.
CampaignKey: TypeAlias = tuple[str, str]

_LOCK = """
    SELECT c.id::text
    FROM treadle.campaigns c
    JOIN unnest($1::uuid[], $2::uuid[]) AS v(account_id, id)
      ON v.account_id = c.account_id AND v.id = c.id
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
    """
_READ = """
    SELECT c.account_id::text, c.id::text, c.name, c.is_active, c.enrollment_limit,
           CASE WHEN c.enrollment_limit IS NULL THEN 0 ELSE (
               SELECT count(*) FROM treadle.campaign_enrollments n
               WHERE n.campaign_id = c.id AND n.status = 'active'
           ) END,
           COALESCE((
               SELECT jsonb_object_agg(s.id, s.action_id) FROM treadle.campaign_steps s
               WHERE s.campaign_id = c.id
           ), '{}')::text,
           c.workflow_id::text
    FROM treadle.campaigns c WHERE c.id = ANY($1::uuid[])
    """
# FOR SHARE: a pause or archive that commits first is seen, one that comes later waits.
_WORKFLOWS = """
    SELECT w.id::text, w.status, v.id::text
    FROM treadle.workflows w
    LEFT JOIN treadle.workflow_versions v ON v.workflow_id = w.id AND v.version = w.version
    WHERE w.id = ANY($1::uuid[])
    ORDER BY w.id
    FOR SHARE OF w SKIP LOCKED
    """


class NoSuchStartError(Exception):
    """A configuration names a place to start that is not there; the text is for the user."""


@dataclass(slots=True)
class LockedCampaign:
    """A campaign as it stands, and as the batch changes it."""

    id: str
    state: Campaign
    # The action at which each step begins, by the step's id.
    steps: Mapping[str, str | None]
    # Of the workflow behind it, if any; the plan is that of the version.
    workflow_id: str | None
    version_id: str | None = None
    plan: Plan | None = None
    # Somebody is changing the workflow just now.
    is_busy: bool = False

    def start(self, step_id: str | None) -> str | None:
        """The action at which a run begins; None for the first, and without a workflow.

        `step_id` None is the campaign's beginning. Raises NoSuchStartError.
        """
        if step_id is not None and step_id not in self.steps:
            raise NoSuchStartError(
                f"step_id: there is no step {step_id} in the campaign {self.state.name}"
            )
        if self.plan is None:
            return None
        action_id = None if step_id is None else self.steps[step_id]
        if step_id is not None and action_id not in self.plan.by_id:
            raise NoSuchStartError(
                f"step_id: the step {step_id} begins at no action of the workflow as it is active;"
                " give the step an action, or activate the workflow anew"
            )
        _, first = steps_from(self.plan, action_id)
        if first is None:
            raise NoSuchStartError(
                f"the workflow behind the campaign {self.state.name} has no enabled action from"
                " there on"
            )
        return action_id

    def take(self) -> None:
        """Counts one contact more."""
        self.state = replace(self.state, enrolled=self.state.enrolled + 1)


async def lock_campaigns(connection: Driver, wanted: Collection[CampaignKey]) -> Sequence[str]:
    """Locks those of the campaigns that exist; returns their ids."""
    return [row[0] for row in await connection.fetch(_LOCK, *zip(*wanted, strict=True))]


async def read_campaigns(
    connection: Driver, locked: Sequence[str], applied: Applied
) -> Mapping[CampaignKey, LockedCampaign]:
    """The campaigns that have been locked.

    Who is in them is counted now, so the enrolments that may be ended are to be held before: one
    that others have ended in the meantime does not count any more.
    """
    campaigns: dict[CampaignKey, LockedCampaign] = {}
    rows = await connection.fetch(_READ, locked) if locked else []
    for account_id, campaign_id, *state, steps, workflow_id in rows:
        campaigns[account_id, campaign_id] = LockedCampaign(
            campaign_id, Campaign(*state), orjson.loads(steps), workflow_id
        )
    backed = [campaign for campaign in campaigns.values() if campaign.workflow_id is not None]
    if backed:
        await _load_workflows(connection, backed, applied)
    return campaigns


async def _load_workflows(
    connection: Driver, backed: Sequence[LockedCampaign], applied: Applied
) -> None:
    workflow_ids = list({campaign.workflow_id for campaign in backed})
    rows = await connection.fetch(_WORKFLOWS, workflow_ids)
    found = {row[0]: (WorkflowStatus(row[1]), row[2]) for row in rows}
    for campaign in backed:
        campaign.is_busy = campaign.workflow_id not in found
        if campaign.workflow_id in found:
            status, campaign.version_id = found[campaign.workflow_id]
            campaign.state = replace(campaign.state, workflow=status)
            if status is WorkflowStatus.ACTIVE and campaign.version_id is not None:
                campaign.plan = await applied.plan(campaign.version_id)
