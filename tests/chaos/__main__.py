"""`python -m tests.chaos [--seed 7] [--seconds 120] [--seeds 1..20]`: break a stack, check it."""

import argparse
import math
import sys
import tempfile
import time
import traceback
from pathlib import Path

from devstack.signals import Stopped, stoppable
from tests.chaos.report import figures, indictment, recovery_table, summary
from tests.chaos.run import Options, Outcome, run
from tests.chaos.schedule import Kind


def main() -> int:
    """Runs the seeds; 1 when a promise was not kept, 130 when somebody stopped it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--seeds", type=_seeds, help="many, such as 1..20, and a table of them")
    parser.add_argument("--seconds", type=_seconds, default=120, help="of load and faults")
    parser.add_argument("--kinds", type=_kinds, default=tuple(Kind), help="only these, by comma")
    parser.add_argument("--folder", type=Path, help="where stacks keep their data and logs")
    given = parser.parse_args()
    seeds: range = given.seeds or range(given.seed, given.seed + 1)
    folder: Path = given.folder or Path(tempfile.mkdtemp(prefix="treadle-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    outcomes: dict[int, Outcome] = {}
    broken_off: list[int] = []
    stopped = False
    try:
        with stoppable():
            for seed in seeds:
                options = Options(seed, given.seconds, folder / str(seed), given.kinds)
                try:
                    outcomes[seed] = _one(options)
                except Exception:  # noqa: BLE001 - the other seeds are worth their time
                    _say(f"seed {seed} broke off:\n{traceback.format_exc()}")
                    broken_off.append(seed)
    except Stopped:
        _say("stopped")
        stopped = True
    if len(seeds) > 1:
        _say(_table(outcomes))
    if broken_off or any(outcome.violations for outcome in outcomes.values()):
        return 1
    return 130 if stopped else 0


def _one(options: Options) -> Outcome:
    outcome = run(options, _say)
    _say(summary(outcome))
    if outcome.violations:
        _say(indictment(outcome, options.folder))
        _say(f"make chaos SEED={options.seed} SECONDS={options.seconds:g} runs it again")
    else:
        _say(f"seed {options.seed}: every promise was kept\n")
    return outcome


def _table(outcomes: dict[int, Outcome]) -> str:
    lines = [" seed  faults  executions  steps  provider calls  once unknown  at rest  violations"]
    for seed, outcome in outcomes.items():
        counts = figures(outcome.history)
        lines.append(
            f"{seed:>5}  {len(outcome.suffered):>6}  {counts['executions']:>10}"
            f"  {counts['steps']:>5}  {counts['provider calls']:>14}"
            f"  {counts['sends once unknown']:>12}  {outcome.rest:5.1f} s"
            f"  {len(outcome.violations):>10}"
        )
    return "\n".join((*lines, "", *recovery_table(outcomes)))


def _seeds(text: str) -> range:
    first, _, last = text.partition("..")
    try:
        seeds = range(int(first), int(last or first) + 1)
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise argparse.ArgumentTypeError("must be as 1..20")
    return seeds


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds, such as 120")
    return seconds


def _kinds(text: str) -> tuple[Kind, ...]:
    try:
        return tuple(Kind(name) for name in text.split(","))
    except ValueError:
        known = ", ".join(Kind)
        raise argparse.ArgumentTypeError(f"must be some of {known}") from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
