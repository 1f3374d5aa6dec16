"""The fleet that runs scripts: from a task to its result, what its health says, and its refusal."""

import orjson
import pytest

from common.runtime import CannotStartError
from executor_service.sandbox import host
from executor_service.sandbox.link import Isolated, Link
from tests.integration.executor_service.world import World


async def test_a_script_s_task_comes_to_its_result(around: World) -> None:
    task = around.task("custom_code", {"code": "return { name: contact.first_name };"})
    async with around.executor("code"):
        await around.ring([task])
        (result,) = await around.have_results(1)
        await around.no_tasks_left()
    output = orjson.loads(result.completed.output_json)
    assert output["result"] == {"name": orjson.loads(task.context_json)["contact"]["first_name"]}


async def test_the_fleet_does_not_start_where_scripts_cannot_be_isolated(
    around: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(_engine: str) -> Link:
        link = await real(_engine)
        link.isolated = Isolated("seccomp", "not permitted (errno 1)", 0)
        return link

    real = Link.start
    monkeypatch.setattr(host.Link, "start", start)

    with pytest.raises(CannotStartError, match="TREADLE_EXECUTOR_CODE_ISOLATION=seccomp accepts"):
        async with around.executor("code"):
            pass
    async with around.executor("code", code_isolation="seccomp"):
        pass
