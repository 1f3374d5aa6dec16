"""`treadle steps`: passing over the step at which a run stands, trying again what it failed at."""

from typing import Annotated, cast
from uuid import UUID

import typer
from pydantic import JsonValue

from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    JsonOption,
    connected,
    failing_politely,
)
from devstack.waits import ReasonOption, say_state

steps = typer.Typer(
    help="Skip the step at which an execution stands, retry the one that it has failed at.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ExecutionArgument = Annotated[UUID, typer.Argument(help="The execution's id.")]
StepOption = Annotated[
    UUID | None,
    typer.Option(help="The step's entry in the execution's log.  \\[default: the last one]"),
]


@steps.command()
def skip(
    execution_id: ExecutionArgument,
    step: StepOption = None,
    reason: ReasonOption = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Pass over the step at which an execution stands; it goes on with the next one."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        execution = _steer(client, "skip-step", execution_id, step, reason)
    say_state(execution, as_json=as_json)


@steps.command()
def retry(
    execution_id: ExecutionArgument,
    step: StepOption = None,
    reason: ReasonOption = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Open a failed execution again, with another attempt at the step that it failed at."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        execution = _steer(client, "retry-step", execution_id, step, reason)
    say_state(execution, as_json=as_json)


def _steer(
    client: GatewayClient, what: str, execution_id: UUID, step: UUID | None, reason: str | None
) -> JsonObject:
    body: dict[str, JsonValue] = {
        "action_execution_id": _last(client, execution_id) if step is None else str(step)
    }
    if reason is not None:
        body["reason"] = reason
    return client.create(f"executions/{execution_id}/{what}", body)


def _last(client: GatewayClient, execution_id: UUID) -> str:
    """The step that an execution has come to."""
    last = ""
    for entry in client.action_executions(str(execution_id)):
        last = cast("str", entry["id"])
    if not last:
        raise GatewayError(f"execution {execution_id} has come by no step")
    return last
