"""Decides which request fails and how, as told over the control endpoint.

Rules live per provider, or per provider and recipient; the narrower one wins. A rule may be bounded
by a count, after which the provider works again, and thinned by a probability.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from devstack.simulator.call import JsonObject


class Kind(StrEnum):
    """What happens to a request that a rule hits."""

    STATUS = "status"
    HANG = "hang"
    RESET = "reset"
    GARBAGE = "garbage"
    HTML = "html"
    HUGE = "huge"
    TRUNCATED = "truncated"
    TRICKLE = "trickle"
    SLOW = "slow"
    ACCEPT_THEN_RESET = "accept_then_reset"
    ACCEPT_THEN_HANG = "accept_then_hang"


class Control(BaseModel):
    """Body of `POST /control`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["sendgrid", "twilio", "twilio_voice", "messenger", "stripe", "sink"]
    mode: str = Field(
        pattern=r"^(ok|hang|reset|garbage|html|huge|truncated|trickle|slow"
        r"|accept_then_reset|accept_then_hang|[45]\d\d)$"
    )
    to: str | None = Field(default=None, min_length=1, max_length=320)
    count: int | None = Field(default=None, ge=1)
    rate: float = Field(default=1.0, gt=0, le=1)
    delay_ms: int = Field(default=0, ge=0, le=600_000)
    retry_after: int | None = Field(default=None, ge=0, le=86_400)


@dataclass(frozen=True, slots=True)
class Failure:
    """The verdict on one request."""

    kind: Kind
    status: int
    retry_after: int | None
    delay_seconds: float


@dataclass(slots=True)
class _Rule:
    control: Control
    remaining: int | None
    applied: int = 0

    def describe(self) -> JsonObject:
        return {
            **self.control.model_dump(mode="json"),
            "remaining": self.remaining,
            "applied": self.applied,
        }


class FailurePlan:
    """The rules in force."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self._rules: dict[tuple[str, str | None], _Rule] = {}

    def set(self, control: Control) -> None:
        """Put a rule in force; `ok` without a recipient removes all rules of the provider."""
        to = control.to.lower() if control.to is not None else None
        if control.mode != "ok":
            self._rules[(control.provider, to)] = _Rule(control, control.count)
        elif to is None:
            self._rules = {
                key: rule for key, rule in self._rules.items() if key[0] != control.provider
            }
        else:
            self._rules.pop((control.provider, to), None)

    def clear(self) -> None:
        """Everything works again."""
        self._rules.clear()

    def describe(self) -> list[JsonObject]:
        """The rules with how often each was applied; one with nothing `remaining` is spent."""
        return [rule.describe() for rule in self._rules.values()]

    def take(self, provider: str, recipients: Callable[[], frozenset[str]]) -> Failure | None:
        """Judge one request; counts it against the rule that hits it."""
        if not self._rules:
            return None
        for key in self._candidates(provider, recipients):
            rule = self._rules[key]
            if rule.control.rate < 1 and self._chance.random() >= rule.control.rate:
                return None
            rule.applied += 1
            if rule.remaining is not None:
                rule.remaining -= 1
            return _verdict(rule.control)
        return None

    def _candidates(
        self, provider: str, recipients: Callable[[], frozenset[str]]
    ) -> list[tuple[str, str | None]]:
        live = {key for key, rule in self._rules.items() if rule.remaining != 0}
        keys: list[tuple[str, str | None]] = []
        if any(name == provider and to is not None for name, to in live):
            named = sorted(to.lower() for to in recipients())
            keys.extend((provider, to) for to in named if (provider, to) in live)
        if (provider, None) in live:
            keys.append((provider, None))
        return keys


def _verdict(control: Control) -> Failure:
    delay = control.delay_ms / 1000
    if control.mode.isdigit():
        return Failure(Kind.STATUS, int(control.mode), control.retry_after, delay)
    return Failure(Kind(control.mode), 0, control.retry_after, delay)
