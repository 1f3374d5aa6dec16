"""The command `treadle`: everything a developer does with a whole stack on one machine."""

import json
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.table import Table

from common.auth import ROLE_PERMISSIONS, SERVICE_ROLE, issue_token
from common.catalogue import action_type_json, catalogue
from devstack.client import GatewayClient
from devstack.datadir import DataDir, default_data_dir
from devstack.dead_letters import dead_letters
from devstack.demo.run import run_demo
from devstack.executions import executions, operations
from devstack.explaining import explain
from devstack.importing import import_file
from devstack.loading import load_contacts, load_workflow, read_contacts, read_workflow
from devstack.modules import modules
from devstack.providers import show_providers
from devstack.seeds.document import read_seed
from devstack.seeds.plant import plant
from devstack.signals import Stopped, stoppable
from devstack.simulate.command import simulate
from devstack.stack import DEV_ACCOUNT, DEV_USER, Stack, StackOptions
from devstack.steps import steps
from devstack.terminal import (
    BearerOption,
    DataDirOption,
    GatewayOption,
    JsonOption,
    connected,
    console,
    failing_politely,
    print_json,
)
from devstack.unknown_sends import unknown
from devstack.up import run_up
from devstack.waits import waits

_BATCH = 1_000

app = typer.Typer(
    help="Treadle on one machine: embedded Postgres and NATS, every service, simulated providers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(unknown, name="unknown")
app.add_typer(modules, name="modules")
app.add_typer(dead_letters, name="dead-letters")
app.command()(explain)
app.command()(simulate)
app.add_typer(waits, name="waits")
app.add_typer(steps, name="steps")
app.add_typer(executions, name="executions")
app.add_typer(operations, name="operations")

Port = typer.Option(min=1, max=65535, help="A free port unless given.", show_default=False)
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], typer.Option()]


@app.command()
def up(
    data_dir: DataDirOption = None,
    port: Annotated[int | None, Port] = None,
    grpc_port: Annotated[int | None, Port] = None,
    simulator_port: Annotated[int | None, Port] = None,
    postgres_port: Annotated[int | None, Port] = None,
    nats_port: Annotated[int | None, Port] = None,
    log_level: LogLevel = "info",
) -> None:
    """Run the whole stack in the foreground until Ctrl-C. Data is kept between runs.

    --port is the gateway's, --grpc-port the action service's.
    """
    options = StackOptions(
        data_dir=data_dir or default_data_dir(),
        gateway_port=port,
        api_port=grpc_port,
        simulator_port=simulator_port,
        postgres_port=postgres_port,
        nats_port=nats_port,
        log_level=log_level,
    )
    with failing_politely(), stoppable():
        try:
            run_up(options, console())
        except Stopped:
            raise typer.Exit(130) from None


@app.command()
def demo(
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep the data there.  \\[default: a folder that is removed afterwards]"),
    ] = None,
    port: Annotated[int | None, Port] = None,
    log_level: LogLevel = "info",
) -> None:
    """Run a real workflow for some 300 contacts through every service, and check what came of it.

    Exits with 0 only when every action completed and there is exactly one message or record for
    each contact and step.
    """
    with failing_politely(), stoppable(), _folder(data_dir) as folder:
        options = StackOptions(data_dir=folder, gateway_port=port, log_level=log_level)
        try:
            good = run_demo(options, console())
        except Stopped:
            raise typer.Exit(130) from None
    raise typer.Exit(0 if good else 1)


@app.command()
def catalog(
    as_json: Annotated[
        bool, typer.Option("--json", help="What GET /api/v1/action-types serves.")
    ] = False,
) -> None:
    """List the action types. No service has to run."""
    specs = catalogue().types.values()
    if as_json:
        document = {"action_types": [action_type_json(spec) for spec in specs]}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    table = Table("type", "category", "label", "description")
    for spec in specs:
        table.add_row(spec.type, spec.category, spec.label, spec.help)
    console().print(table)


@app.command()
def token(
    data_dir: DataDirOption = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            help=f"May be repeated: {', '.join(sorted(ROLE_PERMISSIONS.keys() - {SERVICE_ROLE}))}."
            "  \\[default: admin]",
        ),
    ] = None,
    account: Annotated[UUID, typer.Option(help="The account's id.")] = DEV_ACCOUNT,
    user: Annotated[UUID, typer.Option(help="The user's id.")] = DEV_USER,
    hours: Annotated[float, typer.Option(min=0.01, help="How long it is valid.")] = 12,
) -> None:
    """Print a token for this machine's stack, for `Authorization: Bearer …`."""
    roles = role or ["admin"]
    unknown = set(roles) - (ROLE_PERMISSIONS.keys() - {SERVICE_ROLE})
    if unknown:
        raise typer.BadParameter(f"no such role: {', '.join(sorted(unknown))}")
    secret = DataDir(data_dir or default_data_dir()).jwt_secret()
    ttl = timedelta(hours=hours)
    typer.echo(issue_token(secret, subject=user, account_id=account, roles=roles, ttl=ttl))


@app.command()
def load(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="Workflows (.yaml) and contacts (.csv), in any order."
        ),
    ],
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
    activate: Annotated[bool, typer.Option(help="Activate the workflows.")] = False,
    start: Annotated[
        bool, typer.Option(help="Activate them and run them for the contacts.")
    ] = False,
) -> None:
    """Load workflows and contacts through the gateway.

    Contacts whose email is known already are left as they are. `${simulator_url}` in a workflow
    stands for the running stack's simulator.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, known):
        _load(client, files, known, activate=activate or start, start=start)


@app.command()
def seed(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="What the account is to have.")
    ],
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Create or change users, teams, tags, custom fields, pipelines, courses, workflows and more.

    Records are known by their names, contacts by their emails. What differs from FILE is changed,
    what it does not mention stays. The format is described in docs/seeds.md.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, known):
        plant(client, read_seed(file), file, known, typer.echo)


@app.command("import-contacts")
def import_contacts(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="UTF-8 CSV.")],
    duplicates: Annotated[
        Literal["skip", "update"],
        typer.Option(help="What happens to a row whose email a contact has."),
    ] = "skip",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=FIELD",
            help="The contact field that a column fills where its name does not say it; nothing"
            " after the = leaves it out. May be repeated.",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Import contacts from a CSV file, and show the rows that were refused.

    Exits with 0 only when every row was taken. An import goes on when this command is stopped.
    """
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        good = import_file(client, file, console(), duplicates=duplicates, columns=columns or [])
    raise typer.Exit(0 if good else 1)


@app.command()
def providers(
    reset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROVIDER", help="Let calls to it go through again first. May be repeated."
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    data_dir: DataDirOption = None,
    gateway: GatewayOption = None,
    bearer: BearerOption = None,
) -> None:
    """Show how the account's calls to providers stand: limits, and which are stopped or paused."""
    with failing_politely(), connected(data_dir, gateway, bearer) as (client, _):
        for peer in reset or ():
            client.reset_provider(peer)
        if as_json:
            print_json(client.read("providers"))
        else:
            show_providers(client, console())


@app.command()
def migrate(data_dir: DataDirOption = None) -> None:
    """Bring the database of a stack that does not run up to date; `up` does it by itself.

    Elsewhere: `python -m action_service migrate` and `python -m scheduler_service migrate`, with
    TREADLE_DATABASE_URL.
    """
    with failing_politely(), stoppable():
        stack = Stack(StackOptions(data_dir=data_dir or default_data_dir()))
        try:
            stack.start_servers()
            stack.migrate()
        except Stopped:
            raise typer.Exit(130) from None
        finally:
            stack.stop()
    typer.echo("the database is up to date")


def _load(
    client: GatewayClient,
    files: list[Path],
    known: dict[str, str],
    *,
    activate: bool,
    start: bool,
) -> None:
    contact_ids: list[str] = []
    workflow_ids: list[str] = []
    for file in sorted(files, key=lambda path: path.suffix != ".csv"):
        if file.suffix == ".csv":
            ids = load_contacts(client, read_contacts(file))
            contact_ids += ids
            typer.echo(f"{file}: {len(ids)} contacts")
        else:
            workflow = load_workflow(client, read_workflow(file, known))
            workflow_ids.append(workflow.id)
            status = client.activate(workflow.id).status if activate else workflow.status
            typer.echo(f"{file}: workflow {workflow.id} ({status})")
    if start:
        for workflow_id in workflow_ids:
            for first in range(0, len(contact_ids), _BATCH):
                client.start_executions(workflow_id, contact_ids[first : first + _BATCH])
            typer.echo(f"started {len(contact_ids)} executions of workflow {workflow_id}")


@contextmanager
def _folder(given: Path | None) -> Generator[Path]:
    """Lend the folder that was given, or one that is removed afterwards."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="treadle-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
