"""Records that values point to by their ids: are they there, and where they are said to be?

Which field points to what is declared in the contracts; here stands what there is to point to.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from action_service.domain.plan import Json
from action_service.use_cases.checks import below
from action_service.use_cases.ports import DraftReads
from common.catalogue import FieldSpec, MessageSpec
from common.catalogue.kinds import check_kind

WORKFLOW = "workflow"
WORKFLOW_ACTION = "workflow_action"


@dataclass(frozen=True, slots=True)
class ReferenceKind:
    """A kind of record as people call it, and the kind that such a record is part of, if any."""

    name: str
    parent: str | None = None
    # The kind of those that actions can use, and what is to be said of the others.
    usable: str | None = None
    unusable: str = ""


KINDS: Mapping[str, ReferenceKind] = {
    "email_template": ReferenceKind("email template"),
    WORKFLOW: ReferenceKind("workflow"),
    WORKFLOW_ACTION: ReferenceKind("action", WORKFLOW),
    "workflow_branch": ReferenceKind("branch", WORKFLOW),
    "contact": ReferenceKind("contact"),
    "user": ReferenceKind("user"),
    "team": ReferenceKind("team"),
    "campaign": ReferenceKind("campaign"),
    "campaign_step": ReferenceKind("campaign step", "campaign"),
    "pipeline": ReferenceKind("pipeline"),
    "pipeline_stage": ReferenceKind("pipeline stage", "pipeline"),
    "opportunity": ReferenceKind("opportunity"),
    "course": ReferenceKind("course"),
    "messenger_page": ReferenceKind(
        "messenger page",
        usable="connected_messenger_page",
        unusable="the messenger page is not connected: store the access token of the page as the"
        " account's facebook_page credential of the name that the page gives",
    ),
    "audio_file": ReferenceKind("audio file"),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A value at the path `field` that points to a record, which is part of `parent` if given."""

    field: str
    kind: str
    id: UUID
    parent: UUID | None = None


def references(
    message: MessageSpec, values: Mapping[str, Json], *, within: Mapping[str, UUID] | None = None
) -> tuple[Reference, ...]:
    """Every record that the values of a message point to by a well-formed id.

    `within` are the records that the message itself is part of, by kind: an action of a workflow
    may point to that workflow's branches only. A text with merge fields points to nothing yet.
    """
    return tuple(_references(message, values, within or {}, ""))


async def dangling(tx: DraftReads, wanted: Collection[Reference]) -> Mapping[Reference, str]:
    """What is wrong with those references that lead nowhere; all are looked up at once."""
    if not wanted:
        return {}
    ids: dict[str, set[UUID]] = {}
    for reference in wanted:
        ids.setdefault(reference.kind, set()).add(reference.id)
    found = await tx.references.known(ids)
    return {reference: _missing(reference) for reference in wanted if not _leads(reference, found)}


async def unusable(tx: DraftReads, wanted: Collection[Reference]) -> Mapping[Reference, str]:
    """What is wrong with those references whose records are there, but of no use to an action."""
    ids: dict[str, set[UUID]] = {}
    for reference in wanted:
        if (usable := KINDS[reference.kind].usable) is not None:
            ids.setdefault(usable, set()).add(reference.id)
    if not ids:
        return {}
    found = await tx.references.known(ids)
    return {
        reference: KINDS[reference.kind].unusable
        for reference in wanted
        if (usable := KINDS[reference.kind].usable) and (usable, reference.id) not in found
    }


def _references(
    message: MessageSpec, values: Mapping[str, Json], within: Mapping[str, UUID], path: str
) -> Iterator[Reference]:
    for name, field in message.fields.items():
        reference = field.reference or _meant(field, values)
        if reference is None and field.message is None:
            continue
        value = values.get(name)
        place = below(path, name) if path else name
        parent = _parent(field, values, within)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            at = f"{place}[{index}]" if isinstance(value, list) else place
            if field.message is not None and isinstance(item, dict):
                yield from _references(field.message, item, within, at)
            elif reference is not None and (found := id_in(item)) is not None:
                yield Reference(at, reference, found, parent)


def _meant(field: FieldSpec, values: Mapping[str, Json]) -> str | None:
    """The kind of record that a field points to as another one is now, if it does."""
    return next((m.reference for m in field.meanings if values.get(m.other_field) == m.value), None)


def _parent(
    field: FieldSpec, values: Mapping[str, Json], within: Mapping[str, UUID]
) -> UUID | None:
    if field.reference is None:
        return None
    if field.reference_parent is not None:
        return id_in(values.get(field.reference_parent))
    return within.get(KINDS[field.reference].parent or "")


def id_in(value: Json) -> UUID | None:
    """The id that a value is; None when it is none."""
    return UUID(value) if isinstance(value, str) and check_kind("uuid", value) is None else None


def _leads(reference: Reference, found: Mapping[tuple[str, UUID], UUID | None]) -> bool:
    key = (reference.kind, reference.id)
    return key in found and reference.parent in (None, found[key])


def _missing(reference: Reference) -> str:
    kind = KINDS[reference.kind]
    place = "" if reference.parent is None else f" in the {kind.parent}"
    return f"there is no {kind.name} with this id{place}"
