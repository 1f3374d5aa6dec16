"""A provider as each account uses it: with its own credentials, else with the deployment's.

Accounts share the provider's connections and threads; only what holds a secret is theirs.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, Protocol, TypeVar

from executor_service.domain.classify import RefusedError
from executor_service.domain.outcome import ErrorClass, Found
from executor_service.ports import DEFAULT_CREDENTIAL, Credential, CredentialStore, Sought
from treadle.credential.v1.credential_pb2 import Provider, Secret

MAX_GATEWAYS: Final = 256

G = TypeVar("G")
M = TypeVar("M")
R = TypeVar("R")
M_contra = TypeVar("M_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Gateway(Protocol[M_contra, R_co]):
    """What sends messages of one kind."""

    async def send(self, message: M_contra, /) -> R_co:
        """Hands the message over."""
        ...

    async def find(self, sought: Sought, /) -> Sequence[Found]:
        """What the provider has of a message that may have been sent."""
        ...


class OwnGateways(Generic[G]):
    """The gateways of accounts with credentials of their own, for one provider."""

    def __init__(
        self, provider: Provider, credentials: CredentialStore, make: Callable[[Secret], G]
    ) -> None:
        self._provider = provider
        self._credentials = credentials
        self._make = make
        self._made: OrderedDict[Credential, G] = OrderedDict()

    async def of(self, account_id: str, name: str) -> tuple[G, Callable[[], None]] | None:
        """The gateway, and whom to tell when its credential is not taken; None without one.

        Raises TreadleError when that cannot be found out.
        """
        credential = await self._credentials.get(account_id, self._provider, name)
        if credential is None:
            return None
        gateway = self._made.get(credential)
        if gateway is None:
            gateway = self._made[credential] = self._make(credential.secret)
            if len(self._made) > MAX_GATEWAYS:
                self._made.popitem(last=False)
        self._made.move_to_end(credential)
        return gateway, lambda: self._refused(credential)

    def _refused(self, credential: Credential) -> None:
        self._made.pop(credential, None)
        self._credentials.refused(credential)


async def watched(call: Awaitable[R], refused: Callable[[], None]) -> R:
    """Makes the call; tells when the provider does not take the credential."""
    try:
        return await call
    except RefusedError as error:
        if error.error_class is ErrorClass.AUTHENTICATION:
            refused()
        raise


class AccountGateways(Generic[M, R]):
    """The gateways of a provider of messages."""

    def __init__(
        self,
        provider: Provider,
        credentials: CredentialStore,
        *,
        shared: Gateway[M, R],
        make: Callable[[Secret], Gateway[M, R]],
    ) -> None:
        """`shared` serves accounts without credentials; `make` what those with some need."""
        self._shared = shared
        self._own = OwnGateways(provider, credentials, make)

    async def of(self, account_id: str, name: str = DEFAULT_CREDENTIAL) -> Gateway[M, R]:
        """Raises TreadleError when it cannot be found out whether the account has credentials."""
        own = await self._own.of(account_id, name)
        return self._shared if own is None else _Watched(*own)


class _Watched(Generic[M, R]):
    """A gateway that tells when its credential is not taken."""

    def __init__(self, gateway: Gateway[M, R], refused: Callable[[], None]) -> None:
        self._gateway = gateway
        self._refused = refused

    async def send(self, message: M, /) -> R:
        """As the gateway does."""
        return await watched(self._gateway.send(message), self._refused)

    async def find(self, sought: Sought, /) -> Sequence[Found]:
        """As the gateway does; what may send need not be allowed to read."""
        return await self._gateway.find(sought)
