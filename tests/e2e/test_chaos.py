"""A short seed of the fault suite; `make chaos` runs long ones. docs/chaos.md has the rest."""

from pathlib import Path

from tests.chaos.report import indictment
from tests.chaos.run import Options, run
from tests.chaos.schedule import GENTLE

SEED = 4


def test_a_short_seed_of_faults_keeps_every_promise(session_folder: Path) -> None:
    options = Options(
        SEED,
        seconds=6,
        folder=session_folder / "chaos",
        kinds=GENTLE,
        gap=0.9,
        longest=1.5,
        replicas=("engine",),
    )
    said: list[str] = []
    outcome = run(options, said.append)
    assert not outcome.violations, "\n".join((*said, indictment(outcome, options.folder)))
    assert outcome.suffered
    assert len(outcome.history.runs) > 20
