"""`python -m executor_service --categories communication,crm,internal`."""

import argparse
from collections.abc import Sequence

from executor_service.handlers import categories


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line and runs until told to stop."""
    known = sorted(categories())
    parser = argparse.ArgumentParser(prog="python -m executor_service", description=__doc__)
    parser.add_argument(
        "--categories",
        required=True,
        metavar="NAME[,NAME...]",
        help=f"the action categories to run: any of {', '.join(known)}",
    )
    given: str = parser.parse_args(arguments).categories
    wanted = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not wanted or not set(wanted) <= set(known):
        parser.error(f"--categories must name some of {', '.join(known)}")

    # Only now: what a wrong command line gets is its usage, not seconds of imports.
    from executor_service.bootstrap import serve

    serve(wanted)


if __name__ == "__main__":
    main()
