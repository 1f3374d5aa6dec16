"""CPU time and memory of a stack's processes, read from /proc."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds spent so far and resident bytes now."""

    cpu_s: float
    rss: int


def usage(pids: Mapping[str, int]) -> dict[str, Usage]:
    """The usage of every named process together with its descendants."""
    parents, spent = _processes()
    return {name: _tree(pid, parents, spent) for name, pid in pids.items()}


def cpu_ms_per_action(
    before: Mapping[str, Usage], after: Mapping[str, Usage], actions: int
) -> dict[str, float]:
    """Milliseconds of CPU per action, by process; `total` sums them."""
    by_process = {
        name: round((after[name].cpu_s - before[name].cpu_s) * 1000 / actions, 4) for name in after
    }
    return by_process | {"total": round(sum(by_process.values()), 4)}


def rss_mb(now: Mapping[str, Usage]) -> int:
    """Resident memory of all processes in megabytes; shared pages count once per process."""
    return round(sum(one.rss for one in now.values()) / 1_000_000)


def percentile(values: list[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def _processes() -> tuple[dict[int, list[int]], dict[int, Usage]]:
    children: dict[int, list[int]] = {}
    spent: dict[int, Usage] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(folder.name)
        children.setdefault(int(fields[1]), []).append(pid)
        # utime, stime, and those of children that have ended.
        cpu = sum(int(value) for value in fields[11:15]) / _TICKS
        spent[pid] = Usage(cpu, int(fields[21]) * _PAGE)
    return children, spent


def _tree(pid: int, children: Mapping[int, list[int]], spent: Mapping[int, Usage]) -> Usage:
    own = spent.get(pid, Usage(0.0, 0))
    parts = [_tree(child, children, spent) for child in children.get(pid, [])]
    return Usage(
        own.cpu_s + sum(part.cpu_s for part in parts), own.rss + sum(part.rss for part in parts)
    )
