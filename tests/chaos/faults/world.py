"""What faults get to work upon."""

from dataclasses import dataclass, field

from tests.chaos.proxy import Proxy
from tests.chaos.site import ChaosStack
from tests.support.e2e_simulator import Providers


@dataclass(frozen=True)
class World:
    """A running stack, the lines in it, and the providers outside."""

    stack: ChaosStack
    proxy: Proxy
    providers: Providers
    notes: list[str] = field(default_factory=list[str])
    """What the report should say of faults that could not be made, or came out in another way."""
    slow_stops: list[str] = field(default_factory=list[str])
    """Who was asked to stop and did not in time."""
