"""Which contact field each column of a file fills."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from action_service.domain.contact_import import CONSENTS, TAGS, Column
from common.catalogue.kinds import check_kind, contact_fields
from common.errors import FieldViolation, invalid

MAX_COLUMNS = 500
CUSTOM_PREFIX = "custom_fields."
_MAX_SHOWN = 100
# What is kept beside the contact.
_MORE = (TAGS, *CONSENTS)


def read_header(header: Sequence[str], mapping: Mapping[str, str]) -> list[Column]:
    """The columns, by what `mapping` says of them and else by their names.

    Names are compared without regard to case, and blanks count as underscores: `First Name` is
    first_name. Raises TreadleError with everything that is wrong.
    """
    names = [name.strip() for name in header]
    violations = [*_header_violations(names), *_mapping_violations(names, mapping)]
    if not violations:
        columns = [Column(name, mapping.get(name, _field_of(name))) for name in names]
        violations = list(_field_violations(columns, mapping))
        if not violations:
            return columns
    raise invalid(violations)


def _field_of(name: str) -> str:
    plain = "_".join(name.lower().split())
    return plain if plain in (*_MORE, *contact_fields()) else name


def _header_violations(names: Sequence[str]) -> Iterator[FieldViolation]:
    if len(names) > MAX_COLUMNS:
        yield FieldViolation("data", f"there are {len(names):,} columns; at most {MAX_COLUMNS} may")
        return
    for number, name in enumerate(names, 1):
        if not name:
            yield FieldViolation("data", f"column {number} has no name in the header")
    for name, times in Counter(filter(None, names)).items():
        if times > 1:
            yield FieldViolation("data", f"{times} columns are called {_shown(name)}")


def _mapping_violations(
    names: Sequence[str], mapping: Mapping[str, str]
) -> Iterator[FieldViolation]:
    for name, field in mapping.items():
        if name not in names:
            yield FieldViolation("columns", f"the header has no column {_shown(name)}")
        elif field and not _is_field(field):
            yield FieldViolation(
                "columns", f"{_shown(name)} cannot fill {_shown(field)}: that is none of {_FIELDS}"
            )


def _field_violations(
    columns: Sequence[Column], mapping: Mapping[str, str]
) -> Iterator[FieldViolation]:
    filled: dict[str, str] = {}
    for name, field in columns:
        if not field:
            continue
        if not _is_field(field):
            yield FieldViolation(
                "data",
                f"column {_shown(name)} is none of {_FIELDS}; say in columns which of them it"
                " fills, or that it is left out",
            )
            continue
        other = filled.setdefault(field, name)
        if other != name:
            place = "columns" if name in mapping or other in mapping else "data"
            yield FieldViolation(
                place, f"columns {_shown(other)} and {_shown(name)} both fill {field}"
            )
    if not any(field for _, field in columns):
        yield FieldViolation("columns", "every column is left out")


def _is_field(field: str) -> bool:
    return field in _MORE or check_kind("contact_field", field) is None


def _shown(name: str) -> str:
    return f'"{name[:_MAX_SHOWN]}"'


_FIELDS = f"{', '.join((*contact_fields(), *_MORE))}, {CUSTOM_PREFIX}<name>"
