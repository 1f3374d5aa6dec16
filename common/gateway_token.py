"""`python -m common.gateway_token`: prints a token with which the gateway hands on events.

The gateway faces the internet and does not hold the shared secret. What it may do in its own name,
which is to verify and hand on what providers have signed, it may do with this.
"""

import argparse
import sys
from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr

from common.auth import GATEWAY_ROLE, issue_token
from common.settings import ProcessSettings, load


class _Settings(ProcessSettings):
    jwt_secret: Annotated[SecretStr, Field(min_length=32)] = Field(
        validation_alias="TREADLE_JWT_SECRET"
    )


def gateway_token(secret: SecretStr, ttl: timedelta) -> str:
    """A token of the gateway's own."""
    return issue_token(
        secret, subject="service:gateway", account_id=None, roles=(GATEWAY_ROLE,), ttl=ttl
    )


def main() -> None:
    """Print one."""
    parser = argparse.ArgumentParser(prog="python -m common.gateway_token", description=__doc__)
    parser.add_argument("--days", type=int, default=365, help="how long it is good")
    ttl = timedelta(days=parser.parse_args().days)
    sys.stdout.write(gateway_token(load(_Settings).jwt_secret, ttl) + "\n")


if __name__ == "__main__":
    main()
