"""Plans that have been read. They never change, so they are read once.

But for one thing: secrets that a release without sealing left in them are sealed some time. A plan
that has any is read each time, so that they are in no task that is made after that.
"""

from collections import OrderedDict

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.plan import Plan
from action_service.use_cases.config_secrets import has_plain_secrets

_PLAN = "SELECT plan::text FROM treadle.workflow_versions WHERE id = $1::uuid"


class PlanCache:
    """The most recently used plans, by version id."""

    def __init__(self, *, max_plans: int = 1_000) -> None:
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._max_plans = max_plans

    def get(self, version_id: str) -> Plan | None:
        """The plan if it is here."""
        plan = self._plans.get(version_id)
        if plan is not None:
            self._plans.move_to_end(version_id)
        return plan

    async def load(self, version_id: str, connection: Driver) -> Plan:
        """Reads the plan, and keeps it if it may; raises KeyError when there is no such version."""
        rows = await connection.fetch(_PLAN, version_id)
        if not rows:
            raise KeyError(version_id)
        plan = Plan.from_json(orjson.loads(rows[0][0]))
        if any(has_plain_secrets(step.action_type, step.config) for step in plan.steps):
            return plan
        self._plans[version_id] = plan
        if len(self._plans) > self._max_plans:
            self._plans.popitem(last=False)
        return plan
