from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from pydantic import SecretStr

from common.auth import (
    ROLE_PERMISSIONS,
    TokenVerifier,
    acting_as,
    bearer_token,
    current_principal,
    issue_token,
)
from common.errors import ErrorReason, TreadleError

SECRET = SecretStr("k" * 32)
USER, ACCOUNT = uuid4(), uuid4()
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class ManualClock:
    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def verifier(clock: ManualClock) -> TokenVerifier:
    return TokenVerifier(SECRET, clock=clock)


def _token(
    clock: ManualClock,
    *,
    subject: UUID | str = USER,
    account_id: UUID | None = ACCOUNT,
    roles: tuple[str, ...] = ("viewer",),
    secret: SecretStr = SECRET,
) -> str:
    return issue_token(
        secret, subject=subject, account_id=account_id, roles=roles, ttl=HOUR, clock=clock
    )


def _signed(**changes: object) -> str:
    now = int(START.timestamp())
    claims: dict[str, object] = {
        "iss": "treadle",
        "aud": "treadle",
        "sub": str(USER),
        "account": str(ACCOUNT),
        "roles": ["viewer"],
        "iat": now,
        "exp": now + 3600,
    }
    kept = {k: v for k, v in (claims | changes).items() if v is not None}
    return jwt.encode(kept, SECRET.get_secret_value(), algorithm="HS256")


def _refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(TreadleError) as refused:
        verifier.verify(token)
    assert refused.value.reason is ErrorReason.UNAUTHENTICATED
    return refused.value.message


def test_a_users_token_becomes_a_principal(verifier: TokenVerifier, clock: ManualClock) -> None:
    principal = verifier.verify(_token(clock, roles=("editor", "operator")))
    assert principal.user_id == USER
    assert principal.require_account() == ACCOUNT
    assert principal.actor == f"user:{USER}"
    assert principal.roles == {"editor", "operator"}
    assert principal.permissions == ROLE_PERMISSIONS["editor"] | ROLE_PERMISSIONS["operator"]
    assert not principal.is_service


def test_a_services_token_needs_no_account(verifier: TokenVerifier, clock: ManualClock) -> None:
    token = _token(clock, subject="service:executor", account_id=None, roles=("service",))
    principal = verifier.verify(token)
    assert principal.actor == "service:executor"
    assert principal.user_id is None
    assert principal.permissions == {
        "credential:use",
        "ledger:claim",
        "directory:read",
        "messenger:use",
        "record:read",
        "template:read",
        "traffic:use",
    }
    with pytest.raises(TreadleError, match="names an account"):
        principal.require_account()


def test_a_service_may_act_for_an_account(verifier: TokenVerifier, clock: ManualClock) -> None:
    token = _token(clock, subject="service:executor", roles=("service",))
    assert verifier.verify(token).require_account() == ACCOUNT


def test_a_role_of_a_later_release_grants_nothing(
    verifier: TokenVerifier, clock: ManualClock
) -> None:
    assert verifier.verify(_token(clock, roles=("auditor",))).permissions == frozenset()


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("not.a.token", id="garbage"),
        pytest.param("x" * 5000, id="too long"),
        pytest.param(_signed(iss="other"), id="issuer"),
        pytest.param(_signed(aud="other"), id="audience"),
        pytest.param(_signed(sub="not-a-uuid"), id="subject is no user"),
        pytest.param(_signed(sub=None), id="no subject"),
        pytest.param(_signed(account=None), id="user without account"),
        pytest.param(_signed(account="x"), id="account is no uuid"),
        pytest.param(_signed(exp=None), id="no expiry"),
        pytest.param(_signed(iat=None), id="no issue instant"),
        pytest.param(_signed(exp="soon"), id="expiry is no number"),
        pytest.param(_signed(exp=10**30), id="expiry beyond time"),
        pytest.param(_signed(roles="viewer"), id="roles are no list"),
        pytest.param(_signed(roles=["service"]), id="user with the service role"),
        pytest.param(_signed(nbf=int(START.timestamp()) + 600), id="not before"),
        pytest.param(_signed(iat=int(START.timestamp()) + 600), id="issued in the future"),
    ],
)
def test_a_token_that_is_not_right_is_refused(verifier: TokenVerifier, token: str) -> None:
    _refusal(verifier, token)


def test_another_secret_does_not_verify(verifier: TokenVerifier, clock: ManualClock) -> None:
    _refusal(verifier, _token(clock, secret=SecretStr("z" * 32)))


def test_an_unsigned_token_is_refused(verifier: TokenVerifier) -> None:
    claims = jwt.decode(_signed(), options={"verify_signature": False})
    _refusal(verifier, jwt.encode(claims, "", algorithm="none"))


def test_another_algorithm_is_refused(verifier: TokenVerifier) -> None:
    claims = jwt.decode(_signed(), options={"verify_signature": False})
    _refusal(verifier, jwt.encode(claims, "k" * 64, algorithm="HS512"))


def test_a_token_expires_even_when_it_is_remembered(
    verifier: TokenVerifier, clock: ManualClock
) -> None:
    token = _token(clock)
    assert verifier.verify(token) is verifier.verify(token)
    clock.instant += HOUR - timedelta(seconds=1)
    verifier.verify(token)
    clock.instant += timedelta(seconds=1)
    assert _refusal(verifier, token) == "the token has expired"
    assert _refusal(verifier, token) == "the token has expired"


def test_only_so_many_tokens_are_remembered_the_latest_used_first(clock: ManualClock) -> None:
    verifier = TokenVerifier(SECRET, clock=clock, cached_tokens=2)
    first, second, third = (_token(clock, subject=uuid4()) for _ in range(3))
    kept, dropped = verifier.verify(first), verifier.verify(second)
    verifier.verify(first)
    verifier.verify(third)
    assert verifier.verify(first) is kept
    assert verifier.verify(second) is not dropped


def test_the_caller_is_known_only_inside_the_call(
    verifier: TokenVerifier, clock: ManualClock
) -> None:
    principal = verifier.verify(_token(clock))
    with acting_as(principal):
        assert current_principal() is principal
    with pytest.raises(TreadleError):
        current_principal()


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_the_scheme_of_the_header_is_bearer_in_any_case(header: str) -> None:
    assert bearer_token(header) == "abc"


@pytest.mark.parametrize(
    "header", [None, "", "abc", "Basic abc", "Bearer", "Bearer ", "Bearer a b", "Bearer ä"]
)
def test_no_other_header_will_do(header: str | None) -> None:
    with pytest.raises(TreadleError) as refused:
        bearer_token(header)
    assert refused.value.reason is ErrorReason.UNAUTHENTICATED


def test_a_principal_does_not_show_its_token(verifier: TokenVerifier, clock: ManualClock) -> None:
    token = _token(clock)
    assert token not in repr(verifier.verify(token))
