"""The provider simulator as a test sees it: what it has received, and how it is told to fail."""

from typing import Any

import httpx

from devstack.stack import Stack
from tests.support.e2e_rest import Customer, Json, ok
from tests.support.foreground import eventually


def hear_providers(stack: Stack) -> None:
    """Makes the account that SendGrid and Stripe tell everything at, which is the stack's own."""
    headers = {"authorization": f"Bearer {stack.token()}"}
    with httpx.Client(
        base_url=stack.gateway_url, headers=headers, timeout=60, trust_env=False
    ) as http:
        Customer(http).draft()


class Providers:
    """A stack's simulator. A context manager, which closes its connections."""

    def __init__(self, base_url: str) -> None:
        self.url = base_url
        self._http = httpx.Client(base_url=base_url, timeout=60, trust_env=False)

    def __enter__(self) -> "Providers":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def misbehave(self, provider: str, mode: str, **how: Any) -> None:
        """Fail requests from now on: `to`, `count`, `rate`, `delay_ms`, `retry_after` say which."""
        ok(self._http.post("/control", json={"provider": provider, "mode": mode} | how))

    def becomes(self, provider: str, outcome: str, to: str) -> None:
        """What becomes of everything that goes to an address from now on."""
        wish = {"provider": provider, "outcome": outcome, "to": to}
        ok(self._http.post("/outcomes", json=wish))

    def behave(self) -> None:
        """Fail no more."""
        ok(self._http.delete("/control"))

    def forget(self) -> None:
        """Let them know nothing of what they have received."""
        ok(self._http.delete("/inbox"))

    def struck(self, provider: str, to: str | None) -> int:
        """How many requests a rule has hit so far, answered or not."""
        rules = ok(self._http.get("/control")).json()["rules"]
        return sum(r["applied"] for r in rules if (r["provider"], r["to"]) == (provider, to))

    def received(self, provider: str, to: str | None = None) -> list[Json]:
        """All that a provider has accepted, oldest first."""
        found: list[Json] = []
        while True:
            params = {"provider": provider, "limit": 1000, "offset": len(found)}
            params |= {"to": to} if to is not None else {}
            page = ok(self._http.get("/inbox", params=params)).json()
            found += page["messages"]
            if len(found) >= page["total"]:
                return found

    def count(self, provider: str) -> int:
        """How much a provider has accepted."""
        summary = ok(self._http.get("/inbox/summary")).json()
        return summary["by_provider"].get(provider, {}).get("accepted", 0)

    def callbacks_waiting(self) -> int:
        """How many callbacks are still to be answered, those to be tried again among them."""
        return ok(self._http.get("/callbacks", params={"limit": 1})).json()["waiting"]

    def wait_for(self, provider: str, count: int) -> None:
        """Wait until a provider has accepted so much."""
        assert eventually(lambda: self.count(provider) >= count), self.count(provider)
