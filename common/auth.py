"""Who calls, and what they may do.

Callers show a short-lived JWT signed with HS256 by a secret that the services share. Roles become
permissions here and nowhere else; each RPC's contract says which permission it needs.
"""

import re
from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final
from uuid import UUID

import jwt
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from common.clock import SYSTEM_CLOCK, Clock
from common.errors import unauthenticated

ISSUER: Final = "treadle"
AUDIENCE: Final = "treadle"
SERVICE_ROLE: Final = "service"
# Of the process that faces the internet: it verifies and hands on what providers post, and what
# contacts say by the links in their email, and can do nothing else.
GATEWAY_ROLE: Final = "gateway"

_ALGORITHM: Final = "HS256"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SERVICE_PREFIX: Final = "service:"
_MAX_TOKEN_LENGTH: Final = 4096
_CACHED_TOKENS: Final = 4096
_CLOCK_SKEW: Final = timedelta(seconds=30)

_VIEWER = frozenset(
    {
        "account:read",
        "catalog:read",
        "contact:read",
        "credential:read",
        "deadletter:read",
        "directory:read",
        "execution:read",
        "ledger:read",
        "record:read",
        "template:read",
        "traffic:read",
        "workflow:read",
    }
)
_EDITOR = _VIEWER | {
    "workflow:edit",
    "template:edit",
    "contact:edit",
    "record:edit",
    "event:publish",
}
_OPERATOR = _VIEWER | {
    "execution:start",
    "deadletter:control",
    "execution:control",
    "ledger:resolve",
    "traffic:control",
}
# Who is in the directory, and in which team, decides who is given work; whose credentials are used,
# who pays for it; who lifts a suppression answers for it to whoever asked for it; what is erased is
# gone.
_ADMIN = (
    _EDITOR
    | _OPERATOR
    | {"account:edit", "credential:edit", "directory:edit", "suppression:lift"}
    | {"contact:export", "contact:erase", "traffic:edit"}
)

ROLE_PERMISSIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "viewer": _VIEWER,
        "editor": _EDITOR,
        "operator": _OPERATOR,
        "admin": _ADMIN,
        SERVICE_ROLE: frozenset(
            {
                "credential:use",
                "directory:read",
                "ledger:claim",
                "messenger:use",
                "record:read",
                "template:read",
                "traffic:use",
            }
        ),
        GATEWAY_ROLE: frozenset({"inbound:record", "inbound:verify", "preference:set"}),
    }
)


@dataclass(frozen=True)
class Principal:
    """The authenticated caller: a user of one account, or a service.

    `subject` is the user's id or `service:<name>`. A service has an
    account only while it acts for one.
    """

    subject: str
    account_id: UUID | None
    roles: frozenset[str]
    permissions: frozenset[str] = field(repr=False)

    @property
    def is_service(self) -> bool:
        """Whether this is a service rather than a person."""
        return self.subject.startswith(_SERVICE_PREFIX)

    @property
    def actor(self) -> str:
        """The caller as audit entries name them: `user:<id>` or `service:<name>`."""
        return self.subject if self.is_service else f"user:{self.subject}"

    @cached_property
    def user_id(self) -> UUID | None:
        """The user's id; None for a service."""
        return None if self.is_service else UUID(self.subject)

    def require_account(self) -> UUID:
        """Return the account the caller acts in; refuse a service that acts for none."""
        if self.account_id is None:
            raise unauthenticated("this call needs a token that names an account")
        return self.account_id


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    sub: str
    account: UUID | None = None
    roles: tuple[str, ...] = ()
    iat: int
    nbf: int = 0
    exp: int

    def principal(self) -> Principal:
        is_service = self.sub.startswith(_SERVICE_PREFIX)
        if not is_service:
            UUID(self.sub)
            if self.account is None:
                raise ValueError("a user's token names an account")
        roles = frozenset(self.roles)
        if not is_service and roles & {SERVICE_ROLE, GATEWAY_ROLE}:
            raise ValueError("only a service has a service's role")
        # A role that this release does not know grants nothing.
        granted = (ROLE_PERMISSIONS.get(role, frozenset[str]()) for role in roles)
        return Principal(self.sub, self.account, roles, frozenset[str]().union(*granted))


def issue_token(
    secret: SecretStr,
    *,
    subject: UUID | str,
    account_id: UUID | None,
    roles: Iterable[str],
    ttl: timedelta,
    clock: Clock = SYSTEM_CLOCK,
) -> str:
    """Sign a token for a user (`subject` is their id) or a service (`service:<name>`)."""
    now = clock.now()
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(subject),
        "roles": sorted(roles),
        "iat": int(now.timestamp()),
        "exp": int((now + ttl).timestamp()),
    }
    if account_id is not None:
        claims["account"] = str(account_id)
    return jwt.encode(claims, secret.get_secret_value(), algorithm=_ALGORITHM)


class TokenVerifier:
    """Turns tokens into principals; remembers recent ones, as the same few come with every call."""

    def __init__(
        self, secret: SecretStr, *, clock: Clock = SYSTEM_CLOCK, cached_tokens: int = _CACHED_TOKENS
    ) -> None:
        self._key = secret.get_secret_value()
        self._clock = clock
        self._cached_tokens = cached_tokens
        self._cache: OrderedDict[str, tuple[Principal, datetime]] = OrderedDict()

    def verify(self, token: str) -> Principal:
        """Return whom `token` stands for; refuse one that is forged, foreign or expired."""
        hit = self._cache.get(token)
        if hit is None:
            principal, expires_at = self._decode(token)
        else:
            principal, expires_at = hit
        if expires_at <= self._clock.now():
            self._cache.pop(token, None)
            raise unauthenticated("the token has expired")
        self._remember(token, principal, expires_at)
        return principal

    def _remember(self, token: str, principal: Principal, expires_at: datetime) -> None:
        self._cache[token] = (principal, expires_at)
        self._cache.move_to_end(token)
        if len(self._cache) > self._cached_tokens:
            self._cache.popitem(last=False)

    def _decode(self, token: str) -> tuple[Principal, datetime]:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise unauthenticated("the token is too long")
        try:
            claims = _Claims.model_validate(
                jwt.decode(
                    token,
                    self._key,
                    algorithms=[_ALGORITHM],
                    audience=AUDIENCE,
                    issuer=ISSUER,
                    # The times are compared below, with the injected clock.
                    options={
                        "require": ["iss", "aud", "sub", "iat", "exp"],
                        "verify_exp": False,
                        "verify_iat": False,
                        "verify_nbf": False,
                    },
                )
            )
            principal = claims.principal()
            valid_from = datetime.fromtimestamp(max(claims.iat, claims.nbf), UTC)
            expires_at = datetime.fromtimestamp(claims.exp, UTC)
        except (jwt.InvalidTokenError, ValidationError, ValueError, OverflowError, OSError):
            raise unauthenticated("the token is not valid") from None
        if valid_from > self._clock.now() + _CLOCK_SKEW:
            raise unauthenticated("the token is not valid yet")
        return principal, expires_at


_principal: ContextVar[Principal] = ContextVar("treadle_principal")


def current_principal() -> Principal:
    """Return the caller of the RPC being served; refuse when there is none."""
    try:
        return _principal.get()
    except LookupError:
        raise unauthenticated("no caller") from None


@contextmanager
def acting_as(principal: Principal) -> Generator[None, None, None]:
    """Make `principal` the caller for the length of the block."""
    token = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(token)


def bearer_token(authorization: str | None) -> str:
    """Take the token out of an `Authorization` header (RFC 6750); refuse when there is none."""
    if not authorization:
        raise unauthenticated("a bearer token is required")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token := token.strip()):
        raise unauthenticated("the authorization header must be 'Bearer <token>'")
    return token
