"""The account that a simulation runs in: the records of the workflow's file, in memory.

Ids are made of kinds and names, so that the same file gives the same ones every time.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from action_service.domain.account import Account, AccountSettings
from action_service.domain.compliance import Channel
from action_service.domain.custom_fields import CustomFieldType
from action_service.domain.notifications import Recipient as NotifiedUser
from action_service.domain.opportunities import Stage
from action_service.use_cases.event_ports import OwnEventType
from common.contact_fields import timezone_problem
from common.ids import derived_id
from devstack.loading import FileError
from devstack.seeds.document import PARTS, Entry, Seed
from devstack.seeds.records import CannotSeedError, named, no_part, no_record
from devstack.simulate.scenario import AccountEntry

_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
# As configurations refer to records, by the kinds that seeds have; parts have the second.
_REFERRED: Final[Mapping[str, tuple[str, str]]] = {
    "users": ("user", ""),
    "teams": ("team", ""),
    "email_templates": ("email_template", ""),
    "pipelines": ("pipeline", "pipeline_stage"),
    "courses": ("course", ""),
    "messenger_pages": ("messenger_page", ""),
    "audio_files": ("audio_file", ""),
    "workflows": ("workflow", ""),
    "campaigns": ("campaign", "campaign_step"),
}
# There are no credentials to look for: a page of the file counts as connected.
_CONNECTED: Final = "connected_messenger_page"
_KNOWN: Final[Mapping[str, str]] = {"simulator_url": "https://simulator.example"}


class SimulatedAccount:
    """What steps find in the account. Offers what checking a draft reads."""

    def __init__(
        self,
        seed: Seed,
        settings: AccountEntry,
        event_types: Sequence[str],
    ) -> None:
        """Raises FileError for settings that an account cannot have."""
        if problem := timezone_problem(settings.timezone):
            raise FileError(f"account.timezone: {problem}")
        self.seed = seed
        self.settings = settings
        self.id = made_id("account", settings.name)
        self._event_types = event_types
        self._ids: dict[tuple[str, UUID], UUID | None] = {}
        for kind, (referred, part) in _REFERRED.items():
            for entry in self.entries(kind):
                record_id = self._record_id(kind, entry)
                self._ids[referred, record_id] = None
                if kind == "messenger_pages":
                    self._ids[_CONNECTED, record_id] = None
                for name in _parts(kind, entry):
                    self._ids[part, made_id(part, entry.key, name)] = record_id

    @property
    def references(self) -> "SimulatedAccount":
        """See DraftReads."""
        return self

    @property
    def events(self) -> "_Events":
        """See DraftReads."""
        return _Events(self._event_types)

    @property
    def accounts(self) -> "_Accounts":
        """See DraftReads."""
        return _Accounts(self)

    async def known(
        self, wanted: Mapping[str, Collection[UUID]]
    ) -> Mapping[tuple[str, UUID], UUID | None]:
        """See ReferenceReads."""
        return {
            (kind, id_): self._ids[kind, id_]
            for kind, ids in wanted.items()
            for id_ in ids
            if (kind, id_) in self._ids
        }

    def add(self, kind: str, record_id: UUID, part_of: UUID | None = None) -> None:
        """Makes a record known that others may refer to."""
        self._ids[kind, record_id] = part_of

    def entries(self, kind: str) -> Sequence[Entry]:
        """The file's records of a kind, as seeds call it."""
        found: Sequence[Entry] = getattr(self.seed, kind)
        return found

    def entry(self, kind: str, record_id: str) -> Entry | None:
        """The record of an id."""
        wanted = record_id.lower()
        for entry in self.entries(kind):
            if str(self._record_id(kind, entry)) == wanted:
                return entry
        return None

    def id_of(self, kind: str, name: str) -> str:
        """The id of a named record. Raises CannotSeedError."""
        for entry in self.entries(kind):
            if entry.key == name:
                return str(self._record_id(kind, entry))
        raise no_record(kind, name)

    def resolve(self, reference: str) -> str:
        """What `${reference}` stands for, as in seeds. Raises CannotSeedError."""
        if reference in _KNOWN:
            return _KNOWN[reference]
        kind, name, part = named(reference)
        if kind not in _REFERRED:
            raise CannotSeedError(f"${{{reference}}}: configurations name no {kind} by their id")
        record_id = self.id_of(kind, name)
        if part is None:
            return record_id
        entry = next(entry for entry in self.entries(kind) if entry.key == name)
        if part not in _parts(kind, entry):
            raise no_part(kind, name, part)
        return str(made_id(_REFERRED[kind][1], name, part))

    def stages(self, pipeline_id: str) -> tuple[str, dict[str, Stage], dict[str, str]] | None:
        """The name of a pipeline, its stages in order by id, and their names."""
        for pipeline in self.seed.pipelines:
            if self.id_of("pipelines", pipeline.name) == pipeline_id:
                ids = [
                    str(made_id("pipeline_stage", pipeline.name, s.name)) for s in pipeline.stages
                ]
                paired = list(zip(ids, pipeline.stages, strict=True))
                stages = {id_: Stage(id_, stage.outcome) for id_, stage in paired}
                return pipeline.name, stages, {id_: stage.name for id_, stage in paired}
        return None

    def user(self, user_id: str) -> NotifiedUser | None:
        """A user."""
        for user in self.seed.users:
            id_ = self.id_of("users", user.name)
            if id_ == user_id.lower():
                is_active = user.is_active is not False
                return NotifiedUser(id_, user.name, user.email, user.phone, is_active)
        return None

    def users(self, team_id: str = "") -> list[NotifiedUser]:
        """The members of a team in their order, or all users."""
        names = [user.name for user in self.seed.users]
        if team_id:
            names = [
                name
                for team in self.seed.teams
                if self.id_of("teams", team.name) == team_id.lower()
                for name in team.members or ()
            ]
        found = [self.user(self.id_of("users", name)) for name in names]
        return [user for user in found if user is not None]

    def field_types(self) -> dict[str, CustomFieldType]:
        """The declared custom fields."""
        return {each.name: CustomFieldType(each.field_type) for each in self.seed.custom_fields}

    def _record_id(self, kind: str, entry: Entry) -> UUID:
        given = getattr(entry, "id", None)
        try:
            return UUID(given) if isinstance(given, str) else made_id(kind, entry.key)
        except ValueError:
            raise FileError(f"{kind} ({entry.key}): id: {given!r} is no UUID") from None


class _Events:
    """Types of events; `EventReads`."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    async def types(self) -> Sequence[OwnEventType]:
        """Those that the scenario gives the account."""
        return [OwnEventType(name, "", _BEGINNING) for name in self._names]


class _Accounts:
    """The settings; `AccountReads`."""

    def __init__(self, account: SimulatedAccount) -> None:
        self._account = account

    async def get(self) -> Account:
        """The account."""
        given = self._account.settings
        channels = tuple(Channel(each) for each in given.explicit_consent_channels)
        settings = AccountSettings(
            given.name, given.timezone, given.currency, given.postal_address, channels
        )
        return Account(self._account.id, settings, 1, _BEGINNING, _BEGINNING)


def made_id(*names: str) -> UUID:
    """The id of what these names belong to."""
    return derived_id(_BEGINNING, *names)


def _parts(kind: str, entry: Entry) -> list[str]:
    member: Sequence[Entry] = getattr(entry, PARTS.get(kind, ""), None) or ()
    return [part.key for part in member]
