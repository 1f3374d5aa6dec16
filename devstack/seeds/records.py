"""What the account has, by kind and name, and how a record comes to be as wanted."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from pydantic import JsonValue

from devstack.client import GatewayClient, JsonObject
from devstack.seeds.document import PARTS

_KINDS = (
    "users",
    "teams",
    "tags",
    "custom_fields",
    "email_templates",
    "pipelines",
    "courses",
    "messenger_pages",
    "audio_files",
    "workflows",
    "campaigns",
)


class CannotSeedError(ValueError):
    """An entry of the file cannot be carried out; says what to do about it."""


class Named(NamedTuple):
    """What `${…}` names: a record, or a part of it."""

    kind: str
    name: str
    part: str | None


def named(reference: str) -> Named:
    """Reads `kind.name` and `kind.name.parts.name`. Raises CannotSeedError."""
    kind, _, name = reference.partition(".")
    if kind not in _KINDS or not name:
        kinds = ", ".join(_KINDS)
        raise CannotSeedError(f"${{{reference}}} must be <kind>.<name>, of kind {kinds}")
    part_of, separator, part = name.partition(f".{PARTS.get(kind, '')}.")
    return Named(kind, part_of, part) if separator else Named(kind, name, None)


def no_record(kind: str, name: str) -> CannotSeedError:
    """There is no record of the name."""
    return CannotSeedError(
        f"there is no {_word(kind)} {name!r}; correct the name or add it to {kind}"
    )


def no_part(kind: str, name: str, part: str) -> CannotSeedError:
    """The record has no such part."""
    return CannotSeedError(f"{_word(kind)} {name!r} has no {_word(PARTS[kind])} {part!r}")


class Records:
    """Reads a kind when it is first asked for, and keeps up with what is changed through it."""

    def __init__(self, client: GatewayClient, known: Mapping[str, str]) -> None:
        """`known` are names without a kind, as the simulator's URL."""
        self._client = client
        self._known = known
        self._by_kind: dict[str, dict[str, list[JsonObject]]] = {}

    def find(self, kind: str, name: str) -> JsonObject | None:
        """The record of this name; None without one. Refuses a name that several have."""
        found = self._all(kind).get(name, [])
        if len(found) > 1:
            raise CannotSeedError(
                f"{len(found)} {_words(kind)} are called {name!r}; rename all but one of them"
            )
        return found[0] if found else None

    def id_of(self, kind: str, name: str) -> str:
        """The id of the record that an entry names."""
        found = self.find(kind, name)
        if found is None:
            raise no_record(kind, name)
        return str(found["id"])

    def resolve(self, reference: str) -> str:
        """What `${reference}` stands for: `kind.name`, `kind.name.parts.name`, or a known name."""
        if reference in self._known:
            return self._known[reference]
        kind, name, part = named(reference)
        record_id = self.id_of(kind, name)
        if part is None:
            return record_id
        for each in _parts(self.find(kind, name), PARTS[kind]):
            if each["name"] == part:
                return str(each["id"])
        raise no_part(kind, name, part)

    def settle(self, kind: str, name: str, body: JsonObject) -> str:
        """Create the record or change what differs; tells what was done, empty for nothing."""
        path = kind.replace("_", "-")
        there = self.find(kind, name)
        if there is None:
            self._all(kind)[name] = [self._client.create(path, body)]
            return "created"
        changed = changes(there, body)
        if not changed:
            return ""
        _refuse_unchangeable(there, changed)
        self._all(kind)[name] = [self._client.change(f"{path}/{there['id']}", changed)]
        return f"changed {', '.join(sorted(changed))}"

    def add(self, kind: str, record: JsonObject) -> None:
        """Take note of a record that was created elsewhere."""
        self._all(kind)[str(record["name"])] = [record]

    def with_ids(self, kind: str, name: str, parts: Sequence[JsonObject]) -> list[JsonValue]:
        """Parts as they are to be sent: one of a name that is there keeps what it has."""
        there = {str(each["name"]): each for each in _parts(self.find(kind, name), PARTS[kind])}
        together = [there.get(str(part["name"]), {}) | part for part in parts]
        return [{key: v for key, v in part.items() if v is not None} for part in together]

    def _all(self, kind: str) -> dict[str, list[JsonObject]]:
        if kind not in self._by_kind:
            records: dict[str, list[JsonObject]] = {}
            for record in self._client.records(kind.replace("_", "-")):
                if record.get("status") != "archived":
                    records.setdefault(str(record["name"]), []).append(record)
            self._by_kind[kind] = records
        return self._by_kind[kind]


def changes(there: JsonObject, wanted: JsonObject) -> JsonObject:
    """What of `wanted` the record does not say already."""
    return {name: value for name, value in wanted.items() if not _says(there.get(name), value)}


def _says(there: JsonValue, wanted: JsonValue) -> bool:
    """Whether a value is as wanted; an object may hold more than is asked of it."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        return all(_says(there.get(name), value) for name, value in wanted.items())
    if isinstance(there, list) and isinstance(wanted, list):
        return len(there) == len(wanted) and all(map(_says, there, wanted))
    return there == wanted


def _refuse_unchangeable(there: JsonObject, changed: JsonObject) -> None:
    if "field_type" in changed:
        raise CannotSeedError(
            f"the field is declared as {there['field_type']}, and a type cannot be changed; take"
            " another name, or delete the declaration first"
        )
    if "id" in changed:
        raise CannotSeedError(f"it is there with the id {there['id']}; leave the id out")


def _parts(record: JsonObject | None, member: str) -> list[JsonObject]:
    return cast("list[JsonObject]", record[member]) if record else []


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _word(kind: str) -> str:
    return _words(kind).removesuffix("s")
