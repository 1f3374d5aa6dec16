"""Rows of a file as contacts: checked as contacts that people create are."""

from collections.abc import Iterator, Mapping, Sequence

from action_service.domain.compliance import Channel, ConsentStatus
from action_service.domain.contact_import import (
    CONSENTS,
    TAGS,
    Column,
    RefusedRow,
    Row,
    RowProblem,
    given_cells,
)
from action_service.domain.custom_fields import CustomFieldType, NotOfTypeError, value_of
from action_service.domain.import_batch import ReadRow
from action_service.domain.plan import Json
from action_service.use_cases.contacts import ContactInput, checked_contact
from action_service.use_cases.imports.columns import CUSTOM_PREFIX
from common.catalogue.kinds import check_kind
from common.errors import FieldViolation

_CONTACT = "contact"


class RowReader:
    """Reads the rows of one file."""

    def __init__(self, columns: Sequence[Column], types: Mapping[str, CustomFieldType]) -> None:
        """`types` are those of declared custom fields, by name."""
        self._columns = columns
        self._types = types
        self._column_of = {field: name for name, field in columns if field}
        self._custom = [f for f in self._column_of if f.startswith(CUSTOM_PREFIX)]

    def read(self, row: Row) -> ReadRow | RefusedRow:
        """The row's values, or everything that is wrong with them."""
        if len(row.cells) != len(self._columns):
            text = f"has {len(row.cells):,} cells, and the header {len(self._columns):,}"
            return self.refused(row, [RowProblem("", text)])
        given = {
            column.field: text
            for column, cell in zip(self._columns, row.cells, strict=True)
            if column.field and (text := cell.strip())
        }
        if not given:
            return self.refused(row, [RowProblem("", "fills no field of a contact")])
        problems: list[RowProblem] = []
        tags = list(self._tags(given.pop(TAGS, ""), problems))
        consents = dict(self._consents(given, problems))
        custom = dict(self._custom_fields(given, problems))
        built_in = {f: text for f, text in given.items() if not f.startswith(CUSTOM_PREFIX)}
        contact = ContactInput(**built_in, custom_fields=custom)
        values, violations = checked_contact(contact, _CONTACT)
        problems += map(self._problem, violations)
        if problems:
            return self.refused(row, problems)
        return ReadRow(row.number, values, tags, consents)

    def refused(self, row: Row, problems: Sequence[RowProblem]) -> RefusedRow:
        """The row with what is wrong with it."""
        return RefusedRow(row.number, problems, given_cells(self._columns, row.cells))

    def problem(self, field: str, description: str) -> RowProblem:
        """What is wrong with a field's value."""
        return RowProblem(self._column_of.get(field, ""), description)

    def _problem(self, violation: FieldViolation) -> RowProblem:
        field = violation.field.removeprefix(f"{_CONTACT}.")
        if field in self._column_of:
            return self.problem(field, violation.description)
        return RowProblem("", f"{field} {violation.description}")

    def _tags(self, cell: str, problems: list[RowProblem]) -> Iterator[str]:
        for name in dict.fromkeys(part.strip() for part in cell.split(";")):
            problem = check_kind("tag", name) if name else None
            if problem:
                problems.append(self.problem(TAGS, f"a tag {problem}"))
            elif name:
                yield name

    def _consents(
        self, given: dict[str, str], problems: list[RowProblem]
    ) -> Iterator[tuple[Channel, ConsentStatus]]:
        """Takes them out of `given`."""
        for field, channel in CONSENTS.items():
            if said := given.pop(field, ""):
                try:
                    yield channel, ConsentStatus(said.lower())
                except ValueError:
                    problems.append(self.problem(field, f"must be {' or '.join(ConsentStatus)}"))

    def _custom_fields(
        self, given: Mapping[str, str], problems: list[RowProblem]
    ) -> Iterator[tuple[str, Json]]:
        for field in self._custom:
            if field not in given:
                continue
            name = field.removeprefix(CUSTOM_PREFIX)
            try:
                yield name, value_of(self._types.get(name, CustomFieldType.TEXT), given[field])
            except NotOfTypeError as error:
                problems.append(self.problem(field, str(error)))
