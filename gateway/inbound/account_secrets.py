"""Accounts' own secrets, for what providers sign with them: asked for, and remembered a minute.

That an account has none is remembered too. A signature that none of them makes has them asked for
anew, once: they may have been replaced, but whoever guesses signatures must not cost a call each.
"""

from collections import OrderedDict
from datetime import timedelta
from typing import Final

from common.clock import Clock
from common.remembered import Remembered
from gateway.inbound.checks import Provider
from gateway.upstream import Caller, Upstream
from treadle.inbound.v1 import inbound_service_pb2 as pb

KEEP: Final = timedelta(seconds=60)
MAX_ACCOUNTS: Final = 4096

WIRE: Final = {
    Provider.TWILIO: pb.PROVIDER_TWILIO,
    Provider.SENDGRID: pb.PROVIDER_SENDGRID,
    Provider.META: pb.PROVIDER_META,
    Provider.STRIPE: pb.PROVIDER_STRIPE,
}

Key = tuple[str, Provider]
Secrets = tuple[str, ...]


class AccountSecrets:
    """Secrets by account and provider; none are logged."""

    def __init__(self, upstream: Upstream, caller: Caller, clock: Clock) -> None:
        self._upstream = upstream
        self._caller = caller
        self._secrets = Remembered(self._ask, clock, keep=KEEP, limit=MAX_ACCOUNTS)
        self._refused: OrderedDict[Key, Secrets] = OrderedDict()

    async def of(self, account_id: str, provider: Provider) -> Secrets:
        """Raises RefusedError when they cannot be had: nobody else's will do instead."""
        return await self._secrets.get((account_id, provider))

    async def instead_of(self, refused: Secrets, account_id: str, provider: Provider) -> Secrets:
        """Those that have replaced the ones that did not make a signature; none if none have."""
        key = (account_id, provider)
        if self._refused.get(key) == refused:
            return ()
        self._refused[key] = refused
        self._refused.move_to_end(key)
        if len(self._refused) > MAX_ACCOUNTS:
            self._refused.popitem(last=False)
        self._secrets.forget(key)
        fresh = await self._secrets.get(key)
        return () if fresh == refused else fresh

    async def _ask(self, key: Key) -> Secrets:
        account_id, provider = key
        request = pb.ResolveInboundSecretsRequest(account_id=account_id, provider=WIRE[provider])
        answer = await self._caller.call(self._upstream.inbound.ResolveInboundSecrets, request)
        return tuple(answer.secrets)
