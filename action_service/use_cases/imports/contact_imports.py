"""Imports as people start and follow them."""

from uuid import UUID

from action_service.domain.contact_import import ContactImport, Duplicates
from action_service.use_cases.checks import text_violations
from action_service.use_cases.imports.upload import Upload
from action_service.use_cases.ports import Change, Transaction, Writer
from common.errors import invalid, not_found
from common.ids import new_id

_MAX_FILE_NAME = 255


async def start_import(
    tx: Writer, upload: Upload, *, file_name: str, duplicates: Duplicates
) -> ContactImport:
    """Stores an uploaded file; the engine imports it from here on."""
    violations = list(text_violations("file_name", file_name, max_length=_MAX_FILE_NAME))
    if violations:
        raise invalid(violations)
    started = await tx.imports.add(
        new_id(),
        file_name=file_name,
        duplicates=duplicates,
        columns=upload.columns,
        total_rows=upload.total_rows,
        batches=upload.batches,
        actor=tx.actor,
    )
    tx.record(
        Change(
            "contact_import.started",
            "contact_import",
            started.id,
            after={
                "file_name": file_name,
                "duplicates": duplicates.value,
                "total_rows": upload.total_rows,
                "columns": {name: field or None for name, field in upload.columns},
            },
        )
    )
    return started


async def get_import(tx: Transaction, import_id: UUID) -> ContactImport:
    """The import; refuses one that is not there."""
    found = await tx.imports.get(import_id)
    if found is None:
        raise not_found("contact import", import_id)
    return found
