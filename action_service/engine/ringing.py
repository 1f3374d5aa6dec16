"""The tasks of attempts that have been stored before: rung for late, or again."""

from collections.abc import Sequence

from action_service.domain.progress import LEASE
from action_service.domain.states import ActionStatus
from action_service.engine.batch import encode_tasks
from action_service.engine.codec import TaskEncoder
from action_service.engine.model import Dispatch, Standing, Task
from action_service.engine.ports import EngineStore, EngineTransaction
from action_service.engine.writing import lease_of, same_attempt

# A timer runs on and a claimed send is finished; what has not begun stays where it is.
_HELD_WHILE_PAUSED = frozenset({ActionStatus.PENDING, ActionStatus.SCHEDULED})


async def tasks_for(
    tx: EngineTransaction,
    store: EngineStore,
    encoder: TaskEncoder,
    standings: Sequence[Standing],
) -> list[Task]:
    """Gives each attempt a lease, and says what is to be rung for once that is committed.

    What must not begin while it is paused is held: leases that grow meanwhile would have whoever
    resumes wait until they run out.
    """
    if held := [at.execution_id for at in standings if _is_held(at)]:
        await tx.hold(held)
    going = [at for at in standings if not _is_held(at)]
    if not going:
        return []
    dispatches: list[Dispatch] = []
    leases = {at.action_execution_id: LEASE for at in going}
    plans = {at.version_id: await store.plan(at.version_id) for at in going}
    for at in going:
        step = plans[at.version_id].by_id.get(at.action_id)
        if step is None:
            continue
        leases[at.action_execution_id] = lease_of(step)
        dispatches.append(same_attempt(at, step))
    await tx.renew_leases(leases)
    return await encode_tasks(tx, encoder, dispatches, plans)


def _is_held(at: Standing) -> bool:
    return at.is_paused and at.status in _HELD_WHILE_PAUSED
