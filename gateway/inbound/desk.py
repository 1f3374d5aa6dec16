"""Where providers' requests are taken in: what routes need beside the request itself."""

from collections.abc import Mapping
from typing import Final

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import ErrorReason, TreadleError
from gateway.inbound import meta
from gateway.inbound.checks import Check, Posted, Provider, configured_checks
from gateway.problems import RefusedError
from gateway.settings import GatewaySettings
from gateway.upstream import Caller

PREFIX: Final = "/inbound/"


class InboundDesk:
    """Believes what is signed, and hands it on in the gateway's own name."""

    def __init__(self, settings: GatewaySettings, clock: Clock = SYSTEM_CLOCK) -> None:
        self._token = settings.service_token
        # What could not be handed on need not be looked at.
        taken = self._token is not None
        self._checks: Mapping[Provider, Check] = configured_checks(settings, clock) if taken else {}
        self._public_url = settings.public_url.rstrip("/")
        self._verify_token = settings.meta_verify_token

    def check(self, provider: Provider, posted: Posted) -> None:
        """Raises SignatureError, and RefusedError for a provider that has no secret here."""
        if provider not in self._checks:
            raise _not_found(provider)
        self._checks[provider](posted)

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
        if self._token is None:
            raise RefusedError(TreadleError(ErrorReason.NOT_FOUND, "nothing is taken in here"))
        return Caller(self._token.get_secret_value())


def _not_found(provider: Provider) -> RefusedError:
    return RefusedError(
        TreadleError(ErrorReason.NOT_FOUND, f"nothing of {provider} is taken in here")
    )
