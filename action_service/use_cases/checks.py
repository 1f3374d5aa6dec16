"""Checks of the values that people type, shared by all use cases."""

from collections.abc import Iterator

from action_service.domain.workflow import etag
from common.errors import FieldViolation, stale_etag


def text_violations(
    field: str,
    value: str,
    *,
    max_length: int,
    required: bool = False,
    multi_line: bool = False,
) -> Iterator[FieldViolation]:
    """What is wrong with a text: nothing or one violation."""
    if required and not value.strip():
        yield FieldViolation(field, "is required and must not be blank")
    elif len(value) > max_length:
        yield FieldViolation(
            field, f"must have at most {max_length:,} characters, not {len(value):,}"
        )
    elif "\0" in value:
        yield FieldViolation(field, "must not contain a NUL character")
    elif not multi_line and any(c in value for c in "\r\n"):
        yield FieldViolation(field, "must be a single line")


def check_etag(entity: str, entity_id: object, revision: int, given: str) -> None:
    """Refuse a change based on another revision than the stored one; an empty etag is any."""
    if given and given != etag(revision):
        raise stale_etag(entity, str(entity_id))


def below(path: str, field: str) -> str:
    """`field` as a path below `path`: `config` and `headers[0]` make `config.headers[0]`."""
    if not field:
        return path
    return f"{path}{field}" if field.startswith("[") else f"{path}.{field}"
