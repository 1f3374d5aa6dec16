"""Plans that have been read. They never change, so they are read once."""

from collections import OrderedDict

import orjson

from action_service.adapters.driver import Driver
from action_service.domain.plan import Plan

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
        """Reads the plan and keeps it; raises KeyError when there is no such version."""
        rows = await connection.fetch(_PLAN, version_id)
        if not rows:
            raise KeyError(version_id)
        plan = Plan.from_json(orjson.loads(rows[0][0]))
        self._plans[version_id] = plan
        if len(self._plans) > self._max_plans:
            self._plans.popitem(last=False)
        return plan
