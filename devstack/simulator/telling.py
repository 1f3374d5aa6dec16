"""What the simulated providers share to tell what becomes of what they accepted."""

from dataclasses import dataclass, field

from devstack.simulator.callbacks import Callbacks
from devstack.simulator.outcomes import Outcomes
from devstack.simulator.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Telling:
    """Callbacks are made by `webhooks`, as `outcomes` decide, and posted by `callbacks`."""

    callbacks: Callbacks
    webhooks: Webhooks
    outcomes: Outcomes = field(default_factory=Outcomes)
