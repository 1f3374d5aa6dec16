"""The contact of a simulated run: what is known of them, and what they have said."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from action_service.domain.changes import Difference, difference
from action_service.domain.compliance import Channel, ConsentStatus
from action_service.domain.contact import contact_facts
from action_service.domain.contact_changes import (
    BUILT_IN,
    CUSTOM_PREFIX,
    ChangeRefusedError,
    Fields,
    UpdateMode,
    changed,
    custom_fields_of,
)
from action_service.domain.custom_fields import typed_fields
from action_service.domain.plan import Json
from action_service.use_cases.contacts import ContactInput, checked_contact
from common.contact_fields import timezone_problem
from devstack.loading import FileError
from devstack.seeds.records import CannotSeedError
from devstack.simulate.account import SimulatedAccount, made_id
from devstack.simulate.scenario import ContactEntry


class SimulatedContact:
    """Fields as the contact's rows have them: built-in names, and `custom_fields.<name>`."""

    def __init__(self, entry: ContactEntry, account: SimulatedAccount, now: datetime) -> None:
        """Raises FileError for what is no contact."""
        self._account = account
        self.id = made_id("contact", entry.key or "contact")
        self.fields = _checked(_input_of(entry, account), account, "contact")
        self.tags = list(dict.fromkeys(entry.tags))
        self.consents: dict[Channel, ConsentStatus] = {
            channel: ConsentStatus(said)
            for channel in Channel
            if (said := getattr(entry, f"{channel.value}_consent")) is not None
        }
        self.consents_since = now
        # By messenger page, their id there and when they wrote last.
        self.conversations: dict[str, tuple[str, datetime | None]] = {
            self._page(each.page): (each.psid, None) for each in entry.messenger
        }
        self.initially = dict(self.fields)
        self.initial_tags = tuple(self.tags)

    def text(self, name: str) -> str:
        """A field's text; empty without one."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    @property
    def zone(self) -> ZoneInfo:
        """Where the contact is: their own zone, else the account's, else UTC."""
        for name in (self.text("timezone"), self._account.settings.timezone):
            if name and timezone_problem(name) is None:
                return ZoneInfo(name)
        return ZoneInfo("UTC")

    def shown(self) -> dict[str, Json]:
        """What templates read as `contact`."""
        return {
            "id": str(self.id),
            **{name: self.fields.get(name) for name in BUILT_IN},
            "custom_fields": custom_fields_of(self.fields),
        }

    def owner(self) -> dict[str, Json] | None:
        """What templates read as `user`."""
        user = self._account.user(self.text("owner_id"))
        return None if user is None else {"id": user.id, "name": user.name, "email": user.email}

    def become(self, after: Fields) -> Difference:
        """Takes over new values; what differs."""
        found = difference(self.fields, after)
        self.fields = after
        return found

    def after(self, changes: Mapping[str, Json], place: str) -> Fields:
        """The fields once somebody has set these over the API. Raises FileError."""
        unknown = [n for n in changes if n not in BUILT_IN and not n.startswith(CUSTOM_PREFIX)]
        if unknown:
            raise FileError(
                f"{place}: {', '.join(unknown)} is no field; there are {', '.join(BUILT_IN)} and"
                f" {CUSTOM_PREFIX}<name>"
            )
        try:
            after = changed(
                self.fields, UpdateMode.SET, list(changes.items()), self._account.field_types()
            )
        except ChangeRefusedError as error:
            raise FileError(f"{place}: {error}") from None
        custom = custom_fields_of(after)
        built_in = {name: str(after[name]) for name in BUILT_IN if after.get(name)}
        return _checked(ContactInput(**built_in, custom_fields=custom), self._account, place)

    def changes(self) -> Difference:
        """What differs from the beginning."""
        return difference(self.initially, self.fields)

    def _page(self, name: str) -> str:
        try:
            return self._account.id_of("messenger_pages", name)
        except CannotSeedError as error:
            raise FileError(f"contact.messenger: {error}") from None


def _input_of(entry: ContactEntry, account: SimulatedAccount) -> ContactInput:
    try:
        owner_id = account.id_of("users", entry.owner) if entry.owner else ""
    except CannotSeedError as error:
        raise FileError(f"contact.owner: {error}") from None
    return ContactInput(
        email=entry.email,
        phone=entry.phone or "",
        first_name=entry.first_name or "",
        last_name=entry.last_name or "",
        timezone=entry.timezone or "",
        owner_id=owner_id,
        custom_fields=entry.custom_fields or {},
    )


def _checked(given: ContactInput, account: SimulatedAccount, place: str) -> Fields:
    """The fields as they are stored, checked as the API checks them. Raises FileError."""
    custom, untyped = typed_fields(account.field_types(), given.custom_fields)
    values, violations = checked_contact(given, place)
    problems = [f"{v.field}: {v.description}" for v in violations]
    problems += [f"{place}.custom_fields.{name}: {text}" for name, text in untyped]
    if values.owner_id is not None and account.user(str(values.owner_id)) is None:
        problems.append(f"{place}.owner_id: the file has no user with this id")
    if problems:
        raise FileError("; ".join(problems))
    facts = contact_facts(values)
    facts |= {CUSTOM_PREFIX + name: value for name, value in custom.items()}
    return {n: v for n, v in facts.items() if n in BUILT_IN or v is not None}
