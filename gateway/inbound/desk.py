"""Where providers' requests are taken in: what routes need beside the request itself."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import ErrorReason, TreadleError
from gateway.inbound import meta
from gateway.inbound.account_secrets import AccountSecrets, Secrets
from gateway.inbound.checks import Posted, Provider, check_with, configured_checks
from gateway.inbound.signature import SignatureError
from gateway.problems import RefusedError
from gateway.settings import GatewaySettings
from gateway.upstream import Caller, Upstream

PREFIX: Final = "/inbound/"


class InboundDesk:
    """Believes what is signed, and hands it on in the gateway's own name."""

    def __init__(
        self, settings: GatewaySettings, upstream: Upstream, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        token = settings.service_token
        self._caller = Caller(token.get_secret_value()) if token is not None else None
        self._clock = clock
        self._checks = configured_checks(settings, clock)
        self._own = AccountSecrets(upstream, self._caller, clock) if self._caller else None
        self._public_url = settings.public_url.rstrip("/")
        self._verify_token = settings.meta_verify_token

    async def check(self, provider: Provider, account_id: str, posted: Posted) -> bool:
        """Tells whether it was signed with the account's own secret, not with the deployment's.

        Raises SignatureError, and RefusedError when neither has one.
        """
        # What could not be handed on need not be looked at.
        if self._own is None:
            raise _not_found(provider)
        refusal = SignatureError("the signature is another one")
        if (check := self._checks.get(provider)) is not None:
            try:
                check(posted)
            except SignatureError as error:
                refusal = error
            else:
                return False
        own = await self._own.of(account_id, provider)
        if self._made_by(own, provider, posted):
            return True
        replaced = await self._own.instead_of(own, account_id, provider)
        if self._made_by(replaced, provider, posted):
            return True
        if check is None and not own and not replaced:
            raise _not_found(provider)
        raise refusal

    def _made_by(self, secrets: Secrets, provider: Provider, posted: Posted) -> bool:
        for secret in secrets:
            with suppress(SignatureError):
                check_with(provider, secret, self._clock)(posted)
                return True
        return False

    def answer_meta(self, query: Mapping[str, str]) -> str:
        """See `meta.answer`; raises RefusedError without a token to compare with."""
        if self._verify_token is None:
            raise _not_found(Provider.META)
        return meta.answer(query, verify_token=self._verify_token.get_secret_value())

    def url(self, base: str, path_and_query: str) -> str:
        """The URL that the provider has called; `base` is the one we were reached at."""
        return (self._public_url or base.rstrip("/")) + path_and_query

    def caller(self) -> Caller:
        """Calls in the gateway's own name."""
        if self._caller is None:
            raise RefusedError(TreadleError(ErrorReason.NOT_FOUND, "nothing is taken in here"))
        return self._caller


def _not_found(provider: Provider) -> RefusedError:
    return RefusedError(
        TreadleError(ErrorReason.NOT_FOUND, f"nothing of {provider} is taken in here")
    )
