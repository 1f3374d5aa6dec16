"""The command `treadle simulate`.

What it runs is imported when it is called: it is half of the services, and no other command needs
them.
"""

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from common.clock import SYSTEM_CLOCK
from devstack.loading import FileError
from devstack.terminal import console


def simulate(
    file: Annotated[
        Path,
        typer.Argument(help="A workflow, or a seed with one. YAML, as `load` and `seed` read."),
    ],
    contact: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|EMAIL|FIELD=VALUE",
            help="Whom the run is for: a YAML file, a contact of the seed, single fields. May be"
            " repeated; later ones count.",
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="2026-03-07T18:00:00Z.  \\[default: now]")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="INSTANT|DURATION", help="Stop there.  \\[default: at the run's end]"),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'WHEN TYPE [NAME=VALUE]…'",
            help="Something that the contact does: '2d email_opened', 'offer+3h sms_reply"
            " body=STOP'.",
        ),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'WHEN FIELD=VALUE…'",
            help="Somebody changes the contact: '10d timezone=Europe/Paris'.",
        ),
    ] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP:ERROR[*TIMES][@RETRY_AFTER]",
            help="Calls of a step, or of a type, fail first: send_email:rate_limit*2@90s.",
        ),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="SETTING=VALUE", help="timezone=…, postal_address='…', currency=…"),
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="All of these in a YAML file.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which one, of a seed with several.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the jitter of retries.  \\[default: 1]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole walk as data.")] = False,
) -> None:
    """Walk a contact through a workflow, months in a moment, and print what would happen when.

    Everything is decided by the real services' own code, on a clock that is set instead of waited
    for. Nothing is sent, and nothing has to run. Exits with 2 when a file or an option is wrong.
    """
    from devstack.simulate.report import as_json as data_of
    from devstack.simulate.report import show
    from devstack.simulate.run import Options, simulate

    options = Options(
        file=file,
        workflow=workflow,
        contact=contact or (),
        scenario=scenario,
        start=start,
        until=until,
        events=event or (),
        changes=change or (),
        failures=fail or (),
        account=account or (),
        seed=seed,
    )
    try:
        with _quiet():
            walked = simulate(options, SYSTEM_CLOCK)
    except FileError as error:
        Console(stderr=True).out(f"treadle: {error}", highlight=False)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(data_of(walked), indent=2, ensure_ascii=False))
        return
    show(walked, console())


@contextmanager
def _quiet() -> Generator[None]:
    """Keep the services' logs out of the timeline: it says what they would."""
    was_configured, before = structlog.is_configured(), structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        if was_configured:
            structlog.configure(**before)
        else:
            structlog.reset_defaults()
