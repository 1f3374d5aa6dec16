"""Customers: they start runs, tell of events, cancel now and then, and ask again without an answer.

A request is asked again under its key until the answer is known, as callers should. Three in ten
are not: whether they were carried out is then nobody's knowledge but the database's.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import httpx

from tests.chaos.model import Fate, Plan, Request
from tests.chaos.plans import MEETING

_CUSTOMERS: Final = 3
_PAUSE: Final = 0.35
"""Seconds between two starts of a customer, on average."""
_PROBE_EVERY: Final = 0.25
_MOST_CONTACTS: Final = 5
_GIVES_UP: Final = 0.3
_TELLS: Final = 0.5
_PUTS_OFF: Final = 0.5
_SOON: Final = 8.0
"""Seconds from now in which a meeting is that has been put off."""
_CANCELS: Final = 0.05
_ASKS_AGAIN_AFTER: Final = 0.2
_PATIENCE: Final = 60.0
"""Seconds after the load has ended in which customers ask for what is still open."""
_TIMEOUT: Final = 12.0


@dataclass
class Told:
    """What customers know in the end."""

    requests: list[Request] = field(default_factory=list[Request])
    cancelled: set[str] = field(default_factory=set[str])
    refusals: list[str] = field(default_factory=list[str])
    """Refusals that no customer had deserved."""


@dataclass(frozen=True)
class Site:
    """Where customers work: the address, the right to, and what there is."""

    url: str
    token: str
    workflows: dict[str, str]
    """Ids by plan."""
    contacts: Sequence[str]


class Customers:
    """The load: threads that work until they are told to stop. A context manager."""

    def __init__(self, site: Site, plans: Sequence[Plan], seed: int) -> None:
        self.told = Told()
        self._site = site
        self._probe, *rest = (plan.name for plan in plans if not plan.started_by_event)
        self._plans = rest
        self._over = threading.Event()
        self._deadline = float("inf")
        self._threads = [
            threading.Thread(target=self._work, args=(Random(f"{seed}/{n}"),), name=f"customer {n}")
            for n in range(_CUSTOMERS)
        ]
        self._threads.append(
            threading.Thread(target=self._keep_probing, args=(Random(seed),), name="probing")
        )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """No more starts: from now on they only ask what came of those they have made."""
        self._deadline = min(self._deadline, time.monotonic() + _PATIENCE)
        self._over.set()

    def busy(self) -> bool:
        """Whether somebody does not know yet, and has some patience left."""
        return any(thread.is_alive() for thread in self._threads)

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self._site.url}/api/v1/",
            headers={"authorization": f"Bearer {self._site.token}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def _work(self, rng: Random) -> None:
        with self._client() as http:
            while not self._over.wait(rng.expovariate(1 / _PAUSE)):
                plan = rng.choice(self._plans)
                contacts = rng.sample(self._site.contacts, rng.randint(1, _MOST_CONTACTS))
                request = self._start(http, rng, plan, contacts, gives_up=rng.random() < _GIVES_UP)
                if plan == "letters" and rng.random() < _TELLS:
                    self._tell(http, rng, contacts[0])
                if plan == "dates" and rng.random() < _PUTS_OFF:
                    self._put_off(http, rng, contacts[0])
                if request.runs and rng.random() < _CANCELS:
                    self._cancel(http, rng.choice(request.runs))

    def _keep_probing(self, rng: Random) -> None:
        with self._client() as http:
            while not self._over.wait(_PROBE_EVERY):
                contact = rng.choice(self._site.contacts)
                self._start(http, rng, self._probe, [contact], gives_up=False)

    def _start(
        self, http: httpx.Client, rng: Random, plan: str, contacts: list[str], *, gives_up: bool
    ) -> Request:
        key = str(UUID(int=rng.getrandbits(128), version=4))
        body = {"contact_ids": contacts, "event": {"request": key}}
        path = f"workflows/{self._site.workflows[plan]}/executions"
        answer = self._ask(http, path, body, key, gives_up=gives_up)
        fate, runs = Fate.UNANSWERED, tuple[str, ...]()
        if answer is not None and answer.is_success:
            fate, runs = Fate.ACCEPTED, tuple(answer.json()["execution_ids"])
        elif answer is not None:
            fate = Fate.REFUSED
            self.told.refusals.append(f"{answer.status_code} {answer.text}")
        request = Request(key, plan, tuple(contacts), fate, runs)
        self.told.requests.append(request)
        return request

    def _tell(self, http: httpx.Client, rng: Random, contact: str) -> None:
        self._over.wait(rng.uniform(0, 1))
        key = str(UUID(int=rng.getrandbits(128), version=4))
        event = {"id": key, "type": "form_submit", "contact_id": contact}
        self._ask(http, "events", {"events": [event]}, key, gives_up=False)

    def _put_off(self, http: httpx.Client, rng: Random, contact: str) -> None:
        meeting = datetime.now(UTC) + timedelta(seconds=rng.uniform(0, _SOON))
        fields = {"custom_fields": {MEETING: meeting.isoformat()}}
        self._ask(http, f"contacts/{contact}", fields, None, gives_up=False, method="PATCH")

    def _cancel(self, http: httpx.Client, run: str) -> None:
        # Before it is asked: without an answer it may be cancelled all the same.
        self.told.cancelled.add(run)
        self._ask(http, f"executions/{run}/cancel", {}, None, gives_up=False)

    def _ask(
        self,
        http: httpx.Client,
        path: str,
        body: dict[str, Any],
        key: str | None,
        *,
        gives_up: bool,
        method: str = "POST",
    ) -> httpx.Response | None:
        """The answer that tells what came of it; None when there is none to be had."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        while time.monotonic() < self._deadline:
            pause = _ASKS_AGAIN_AFTER
            try:
                answer = http.request(method, path, json=body, headers=headers)
            except httpx.HTTPError:
                pass
            else:
                if not _is_away(answer):
                    return answer
                pause = min(float(answer.headers.get("retry-after", pause)), 2.0)
            if gives_up:
                return None
            time.sleep(pause)
        return None


def _is_away(answer: httpx.Response) -> bool:
    return answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
