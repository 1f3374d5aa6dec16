"""The line that a workload prints."""

from collections.abc import Mapping
from typing import TypeAlias

Line: TypeAlias = dict[str, object]

_KEYS = (
    "workload", "executions", "actions", "ok", "actions_per_s", "cpu_ms_per_action", "p50_ms",
    "p99_ms", "parked_per_s", "drain_s", "p99_lag_s", "early", "lost", "doubled", "killed_with",
    "rss_mb", "scheduler_rss_mb",
)  # fmt: skip


def line(values: Mapping[str, object]) -> Line:
    """A line with every key; those a workload does not measure are null."""
    return {key: values.get(key) for key in _KEYS}
