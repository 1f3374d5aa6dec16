"""The token with which the gateway hands on what providers post."""

import subprocess
import sys

from pydantic import SecretStr

from common.auth import TokenVerifier

SECRET = "0123456789abcdef0123456789abcdef"


def printed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "common.gateway_token", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_is_good_for_what_providers_post_alone() -> None:
    done = printed("--days", "1", TREADLE_JWT_SECRET=SECRET)
    principal = TokenVerifier(SecretStr(SECRET)).verify(done.stdout.strip())
    assert principal.actor == "service:gateway"
    assert principal.account_id is None
    assert principal.permissions == {"inbound:record", "inbound:verify", "preference:set"}


def test_without_the_secret_it_says_what_is_missing() -> None:
    done = printed()
    assert done.returncode == 1
    assert "TREADLE_JWT_SECRET" in done.stderr
    assert not done.stdout
