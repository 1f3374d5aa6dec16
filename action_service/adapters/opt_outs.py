"""Opt-outs that a provider tells of by refusing a message: they are suppressions at once."""

import asyncpg
import structlog

from action_service.adapters.compliance import hold_claims
from action_service.adapters.engine_transactions import bad_items, transaction
from action_service.adapters.provider_compliance import Following, comply
from action_service.domain.provider_compliance import opted_out
from action_service.engine.model import BadItemError, OptOut

_PROVIDER = "twilio"

_log = structlog.get_logger(__name__)


class PostgresOptOuts:
    """See `OptOuts`."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def record(self, opt_out: OptOut) -> None:
        """See `OptOuts`."""
        following = Following("", opt_out.account_id, opted_out(opt_out.number))
        try:
            async with transaction(self._pool) as driver:
                with bad_items():
                    await hold_claims(driver, [opt_out.account_id])
                    await comply(driver, _PROVIDER, [following])
        except BadItemError as error:
            # Of an account that is gone, say.
            _log.warning("opt_out_unusable", account_id=opt_out.account_id, reason=str(error))
