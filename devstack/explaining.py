"""`treadle explain`: why an execution is where it is."""

from typing import Annotated, cast
from uuid import UUID

import typer

from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    connected,
    failing_politely,
    print_json,
)


def explain(
    execution_id: Annotated[UUID, typer.Argument(help="The execution's id.")],
    *,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="What GET /api/v1/executions/EXECUTION_ID/explanation serves."),
    ] = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Say why an execution is where it is, and what it takes to go on."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        explanation = client.read(f"executions/{execution_id}/explanation")
    if as_json:
        print_json(explanation)
        return
    for sentence in cast("list[str]", explanation["sentences"]):
        typer.echo(sentence)
