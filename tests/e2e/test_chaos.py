"""A short seed of the fault suite; `make chaos` runs long ones. docs/chaos.md has the rest."""

from pathlib import Path

from tests.chaos.plans import SHORT_LOAD
from tests.chaos.report import indictment
from tests.chaos.run import Options, run
from tests.chaos.schedule import SHORT, Kind
from tests.support.e2e_processes import SOON

SEED = 4348
# Of what the seed draws.
WORST = {
    (Kind.KILL, "engine"),
    (Kind.KILL, "scheduler"),
    (Kind.KILL, "executor-communication"),
    (Kind.NATS_KILL, "nats"),
    (Kind.POSTGRES_KILL, "postgres"),
}


def test_a_short_seed_of_faults_keeps_every_promise(session_folder: Path) -> None:
    options = Options(
        SEED,
        seconds=7,
        folder=session_folder / "chaos",
        kinds=SHORT,
        gap=0.65,
        longest=1.2,
        load=SHORT_LOAD,
        replicas=("engine",),
        env={"TREADLE_ACTION_LOOKUP_LIMIT": "2", **SOON},
    )
    said: list[str] = []
    outcome = run(options, said.append)
    assert not outcome.violations, "\n".join((*said, indictment(outcome, options.folder)))
    assert {(each.fault.kind, each.fault.target) for each in outcome.suffered} >= WORST
    assert len(outcome.history.runs) > 20
