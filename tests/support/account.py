"""An account of a test's own: what keeps tests apart that share one stack."""

from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx

from devstack.stack import Stack


class Account:
    """A new account with one user. A context manager, which closes the clients it made."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.id = uuid4()
        self.user_id = uuid4()
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()

    def token(self, *roles: str) -> str:
        """A token of the account's user; an admin's when no role is named."""
        return self.stack.token(roles=roles or ("admin",), account=self.id, user=self.user_id)

    def headers(self, *roles: str) -> dict[str, str]:
        """The headers that carry such a token, for REST and, in lower case, for gRPC metadata."""
        return {"authorization": f"Bearer {self.token(*roles)}"}

    def http(self, *roles: str) -> httpx.Client:
        """A client of the gateway that sends such a token."""
        client = httpx.Client(
            base_url=self.stack.gateway_url,
            headers=self.headers(*roles),
            timeout=60,
            trust_env=False,
        )
        self._clients.append(client)
        return client
