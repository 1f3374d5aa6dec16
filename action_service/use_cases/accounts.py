"""The settings of the caller's account."""

from dataclasses import asdict, replace
from typing import cast

from action_service.domain.account import Account, AccountSettings
from action_service.domain.changes import difference
from action_service.domain.compliance import Channel
from action_service.domain.plan import Json
from action_service.use_cases.checks import below, check_etag
from action_service.use_cases.ports import Change, Reader, Writer
from common.catalogue.records import RecordSpec, record_spec
from common.contact_fields import timezone_problem
from common.errors import FieldViolation, invalid, not_found
from treadle.account.v1.account_pb2 import Account as AccountMessage

SPEC: RecordSpec = record_spec(AccountMessage.DESCRIPTOR)  # pyright: ignore[reportArgumentType] - protoc's stubs have a descriptor type of their own


async def get_account(tx: Reader) -> Account:
    """The account; refuses one that nobody has changed anything in yet."""
    account = await tx.accounts.get()
    if account is None:
        raise not_found("account", tx.account_id)
    return account


async def update_account(
    tx: Writer, given: dict[str, Json], mask: frozenset[str], *, etag: str
) -> Account:
    """Sets the fields that `mask` names; one that `given` is without gets its default."""
    found = [
        FieldViolation(below("account", v.field), v.description)
        for v in SPEC.violations({name: given.get(name) for name in mask})
    ]
    zone = given.get("timezone")
    if "timezone" in mask and isinstance(zone, str) and (problem := timezone_problem(zone)):
        found.append(FieldViolation("account.timezone", problem))
    if found:
        raise invalid(dict.fromkeys(found))
    # Who asks for explicit consent takes away from what may be sent.
    await tx.compliance.hold_claims()
    before = await tx.accounts.lock()
    check_etag("account", tx.account_id, before.revision, etag)
    settings = _with(before.settings, {name: given.get(name) for name in mask})
    changed = difference(_facts(before.settings), _facts(settings))
    if not changed:
        return before
    after = await tx.accounts.update(settings)
    tx.record(Change("account.updated", "account", after.id, None, changed.before, changed.after))
    return after


def facts_of(settings: AccountSettings) -> dict[str, Json]:
    """The settings by the names of their fields; those without a value are left out."""
    return {name: value for name, value in _facts(settings).items() if value}


def _facts(settings: AccountSettings) -> dict[str, Json]:
    facts = asdict(settings)
    channels: list[Json] = [channel.value for channel in settings.explicit_consent_channels]
    return {**facts, "explicit_consent_channels": channels}


def _with(settings: AccountSettings, values: dict[str, Json]) -> AccountSettings:
    defaults = AccountSettings()
    changes: dict[str, object] = {}
    for name, value in values.items():
        if name == "explicit_consent_channels":
            names = cast("list[str]", value or [])
            changes[name] = tuple(sorted({Channel(channel) for channel in names}))
        else:
            changes[name] = value or getattr(defaults, name)
    return replace(settings, **changes)  # pyright: ignore[reportArgumentType] - checked by the contract above
