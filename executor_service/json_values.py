"""JSON from others, made fit to be kept with a step."""

from typing import Final

from executor_service.domain.outcome import JsonValue

MAX_DEPTH: Final = 64


class TooDeepError(Exception):
    """JSON that is nested too deeply to be handed on."""


def storable(value: JsonValue, depth: int = MAX_DEPTH) -> JsonValue:
    """The same without the NULs that Postgres refuses. Raises TooDeepError."""
    if isinstance(value, list | dict) and not depth:
        raise TooDeepError
    match value:
        case str():
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        case list():
            return [storable(item, depth - 1) for item in value]
        case dict():
            return {str(storable(name)): storable(item, depth - 1) for name, item in value.items()}
        case _:
            return value
