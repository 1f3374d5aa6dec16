"""What each kind of fault does: a context manager that breaks something and mends it again.

Begun and ended in the main thread, which is the only one that may start processes. What a fault
does in the meantime happens in threads of its own.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Final, TypeAlias

from tests.chaos.faults import deliveries, network, processes, providers, servers
from tests.chaos.faults.world import World
from tests.chaos.schedule import Fault, Kind

Breaking: TypeAlias = Callable[[World, Fault], AbstractContextManager[None]]

FAULTS: Final[Mapping[Kind, Breaking]] = MappingProxyType(
    {
        Kind.KILL: processes.killed,
        Kind.FREEZE: processes.frozen,
        Kind.LONG_FREEZE: processes.frozen,
        Kind.TERMINATE: processes.terminated,
        Kind.CLOCK: processes.off_time,
        Kind.NATS_RESTART: servers.nats_restarted,
        Kind.NATS_KILL: servers.nats_killed,
        Kind.NATS_WIPE: servers.nats_wiped,
        Kind.NATS_DISK_FULL: servers.nats_disk_full,
        Kind.POSTGRES_RESTART: servers.postgres_restarted,
        Kind.POSTGRES_KILL: servers.postgres_killed,
        Kind.POSTGRES_CROWDED: servers.postgres_crowded,
        Kind.POSTGRES_DISK_FULL: servers.postgres_disk_full,
        Kind.DELAY: network.delayed,
        Kind.THROTTLE: network.throttled,
        Kind.RESET: network.reset,
        Kind.PARTITION: network.parted,
        Kind.DEAF: network.deaf,
        Kind.MUTE: network.mute,
        Kind.COPIES: deliveries.copied,
        Kind.SNATCH: deliveries.snatched,
        Kind.PROVIDER_SLOW: providers.slow,
        Kind.PROVIDER_FAILING: providers.failing,
        Kind.PROVIDER_CUT_OFF: providers.cut_off,
    }
)
