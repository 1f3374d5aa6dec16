"""Consents and suppressions.

Who takes something away from what may be sent (a suppression, a withdrawal) takes the account's
lock against claims first: once it is committed, no claim that it forbids is granted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from action_service.adapters.driver import Driver, driver_of
from action_service.adapters.sql import Listing, Repository, to_json
from action_service.domain.compliance import (
    CONTACT,
    Cause,
    Channel,
    Consent,
    ConsentStatus,
    NewSuppression,
    Purpose,
    Scope,
    StoredConsent,
    Suppression,
)
from action_service.domain.erasure import digest_address
from common.contact_links import LinkKeys
from common.ids import new_id

# The first key of advisory locks of accounts against claims; the second is the account's hash.
CLAIMS_LOCK: Final = 7_101
# In the order in which claims take them.
_HOLD_CLAIMS = f"""
    SELECT pg_advisory_xact_lock({CLAIMS_LOCK}, key)
    FROM (SELECT DISTINCT hashtext(a::text) AS key FROM unnest($1::uuid[]) a ORDER BY 1) keys
    """  # noqa: S608 - made of a constant

_COLUMNS = (
    "id, channel, address, scope, cause, detail, created_at, created_by, lifted_at, lifted_by"
)
_CONSENTS = text(
    "SELECT contact_id, channel, purpose, status, source, evidence, changed_at, changed_by"
    " FROM consents WHERE account_id = :account AND contact_id = ANY(CAST(:contacts AS uuid[]))"
    " ORDER BY channel, purpose"
)
_FIND = text(f"SELECT {_COLUMNS} FROM suppressions WHERE account_id = :account AND id = :id")  # noqa: S608 - made of constants, as all below
_IN_FORCE = text(
    f"""
    SELECT {_COLUMNS} FROM suppressions s
    JOIN unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) AS v(channel, address)
      USING (channel, address)
    WHERE s.account_id = :account AND s.lifted_at IS NULL
    ORDER BY s.id
    """  # noqa: S608
)
_PAGE = Listing(
    f"SELECT {_COLUMNS} FROM suppressions s WHERE s.account_id = :account",  # noqa: S608
    {
        "before": "s.id < CAST(:before AS uuid)",
        "channel": "s.channel = CAST(:channel AS text)",
        "addresses": "s.address = ANY(CAST(:addresses AS text[]))",
        "cause": "s.cause = CAST(:cause AS text)",
        "only_in_force": "s.lifted_at IS NULL AND CAST(:only_in_force AS boolean)",
    },
    "s.id DESC",
)
_SET_CONSENTS = text(
    """
    INSERT INTO consents AS old
        (account_id, contact_id, channel, purpose, status, source, evidence, changed_by)
    SELECT :account, v.contact_id, v.channel, v.purpose, v.status, v.source,
           CAST(v.evidence AS jsonb), :changed_by
    FROM unnest(
        CAST(:contacts AS uuid[]), CAST(:channels AS text[]), CAST(:purposes AS text[]),
        CAST(:statuses AS text[]), CAST(:sources AS text[]), CAST(:evidences AS text[])
    ) AS v(contact_id, channel, purpose, status, source, evidence)
    ORDER BY v.contact_id, v.channel, v.purpose
    ON CONFLICT (account_id, contact_id, channel, purpose) DO UPDATE
    SET status = excluded.status, source = excluded.source, evidence = excluded.evidence,
        changed_at = now(), changed_by = excluded.changed_by
    """
)
_SUPPRESS = f"""
    INSERT INTO treadle.suppressions AS old
        (id, account_id, channel, address, scope, cause, detail, created_by)
    SELECT v.id, $1::uuid, v.channel, v.address, v.scope, v.cause, v.detail, $2::text
    FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
        AS v(id, channel, address, scope, cause, detail)
    ORDER BY v.channel, v.address, v.cause
    ON CONFLICT (account_id, channel, address, cause) WHERE lifted_at IS NULL DO UPDATE
    SET scope = CASE WHEN excluded.scope = 'all' THEN 'all' ELSE old.scope END
    RETURNING {_COLUMNS}, xmax = 0 AS is_new
    """  # noqa: S608
_LIFT = f"""
    UPDATE treadle.suppressions s SET lifted_at = now(), lifted_by = $2::text
    FROM unnest($3::text[], $4::text[]) AS v(channel, address)
    WHERE s.account_id = $1::uuid AND s.channel = v.channel AND s.address = v.address
      AND s.lifted_at IS NULL AND s.cause = ANY($5::text[])
    RETURNING {", ".join(f"s.{name}" for name in _COLUMNS.split(", "))}
    """  # noqa: S608
_LIFT_ONE = text(
    f"""
    UPDATE suppressions SET lifted_at = now(), lifted_by = :lifted_by
    WHERE account_id = :account AND id = :id AND lifted_at IS NULL
    RETURNING {_COLUMNS}
    """  # noqa: S608
)


class ComplianceReader(Repository):
    """See ComplianceReads. With `keys`, hashes of addresses that were erased are found too."""

    def __init__(
        self, connection: AsyncConnection, account_id: UUID, keys: LinkKeys | None = None
    ) -> None:
        super().__init__(connection, account_id)
        self._keys = keys

    async def consents(self, contact_id: UUID) -> Sequence[StoredConsent]:
        """All of a contact, by channel and purpose."""
        return (await self.consents_of([contact_id])).get(contact_id, [])

    async def consents_of(
        self, contact_ids: Sequence[UUID]
    ) -> Mapping[UUID, Sequence[StoredConsent]]:
        """The same of those contacts that have said anything."""
        found: dict[UUID, list[StoredConsent]] = {}
        for row in await self._run(_CONSENTS, contacts=list(contact_ids)):
            found.setdefault(row.contact_id, []).append(_consent(row))
        return found

    async def in_force(
        self, addresses: Sequence[tuple[Channel | None, str]]
    ) -> Sequence[Suppression]:
        """The suppressions of any of these that hold, oldest first; None is a contact's."""
        erased = [
            (channel, digest)
            for channel, address in addresses
            if channel is not None
            for digest in self._digests(address)
        ]
        channels, texts = _places([*addresses, *erased])
        rows = await self._run(_IN_FORCE, channels=channels, addresses=texts)
        return [_suppression(row) for row in rows]

    async def suppression(self, suppression_id: UUID) -> Suppression | None:
        """The suppression; None when the account has no such one."""
        row = (await self._run(_FIND, id=suppression_id)).first()
        return None if row is None else _suppression(row)

    async def list_page(
        self,
        *,
        limit: int,
        before: UUID | None,
        channel: str | None,
        addresses: Sequence[str] | None,
        cause: Cause | None,
        include_lifted: bool,
    ) -> Sequence[Suppression]:
        """Newest first, those older than `before`."""
        rows = await self._list(
            _PAGE,
            limit,
            before=before,
            channel=channel,
            addresses=None
            if addresses is None
            else [*addresses, *(d for each in addresses for d in self._digests(each))],
            cause=cause,
            only_in_force=None if include_lifted else True,
        )
        return [_suppression(row) for row in rows]

    def _digests(self, address: str) -> list[str]:
        found = [] if self._keys is None else self._keys.digests(self._account_id, address)
        return [digest_address(each) for each in found]


class ComplianceWriter(ComplianceReader):
    """See ComplianceWrites."""

    async def hold_claims(self) -> None:
        """Waits for claims of the account that are being decided, and keeps back new ones."""
        await hold_claims(await driver_of(self._connection), [str(self._account_id)])

    async def set_consents(
        self, consents: Mapping[UUID, Sequence[Consent]], changed_by: str
    ) -> None:
        """Stores what contacts have said, by contact."""
        await self.hold_claims()
        rows = [(contact, each) for contact, said in consents.items() for each in said]
        await self._run(
            _SET_CONSENTS,
            contacts=[contact for contact, _ in rows],
            channels=[each.channel for _, each in rows],
            purposes=[each.purpose for _, each in rows],
            statuses=[each.status for _, each in rows],
            sources=[each.source for _, each in rows],
            evidences=[to_json(each.evidence) for _, each in rows],
            changed_by=changed_by,
        )

    async def suppress(
        self, wanted: Sequence[NewSuppression], created_by: str
    ) -> Sequence[tuple[Suppression, bool]]:
        """Stores suppressions, in their order, with whether each is new."""
        driver, account = await driver_of(self._connection), str(self._account_id)
        await hold_claims(driver, [account])
        return await suppress(driver, account, wanted, created_by)

    async def lift(
        self, wanted: Sequence[tuple[Channel | None, str]], causes: Sequence[Cause], lifted_by: str
    ) -> Sequence[Suppression]:
        """Lifts those in force of these addresses with one of the causes; returns them."""
        driver = await driver_of(self._connection)
        return await lift(driver, str(self._account_id), wanted, causes, lifted_by)

    async def lift_one(self, suppression_id: UUID, lifted_by: str) -> Suppression | None:
        """Lifts one that is in force; None when it is not, or not there."""
        row = (await self._run(_LIFT_ONE, id=suppression_id, lifted_by=lifted_by)).first()
        return None if row is None else _suppression(row)


async def hold_claims(driver: Driver, account_ids: Sequence[str]) -> None:
    """Keeps claims of the accounts back; must be the first lock that the transaction takes."""
    await driver.execute(_HOLD_CLAIMS, list(account_ids))


async def suppress(
    driver: Driver, account_id: str, wanted: Sequence[NewSuppression], created_by: str
) -> list[tuple[Suppression, bool]]:
    """Stores suppressions; see `ComplianceWrites.suppress`."""
    if not wanted:
        return []
    # One statement cannot meet the same row twice; of equals, the one for everything counts.
    once = {_key(each): each for each in sorted(wanted, key=lambda each: each.scope is Scope.ALL)}
    rows = [
        (new_id(), _channel(w.channel), w.address, w.scope, w.cause, w.detail)
        for w in once.values()
    ]
    stored = {
        _key(found.what): (found, bool(row["is_new"]))
        for row in await driver.fetch(_SUPPRESS, account_id, created_by, *zip(*rows, strict=True))
        for found in [_suppression(row)]
    }
    return [stored[_key(each)] for each in wanted]


async def lift(
    driver: Driver,
    account_id: str,
    wanted: Sequence[tuple[Channel | None, str]],
    causes: Sequence[Cause],
    lifted_by: str,
) -> list[Suppression]:
    """Lifts suppressions; see `ComplianceWrites.lift`."""
    channels, addresses = _places(wanted)
    rows = await driver.fetch(_LIFT, account_id, lifted_by, channels, addresses, list(causes))
    return [_suppression(row) for row in rows]


def _key(what: NewSuppression) -> tuple[str, str, Cause]:
    return _channel(what.channel), what.address, what.cause


def _channel(channel: Channel | None) -> str:
    return CONTACT if channel is None else channel.value


def _places(wanted: Sequence[tuple[Channel | None, str]]) -> tuple[list[str], list[str]]:
    return [_channel(channel) for channel, _ in wanted], [address for _, address in wanted]


def _consent(row: Row[Any]) -> StoredConsent:
    return StoredConsent(
        Consent(
            Channel(row.channel),
            Purpose(row.purpose),
            ConsentStatus(row.status),
            row.source,
            row.evidence,
        ),
        row.changed_at,
        row.changed_by,
    )


def _suppression(row: Any) -> Suppression:
    """Of a row of SQLAlchemy's or the driver's."""
    given: Mapping[str, Any] = getattr(row, "_mapping", row)
    channel = given["channel"]
    return Suppression(
        id=UUID(str(given["id"])),
        what=NewSuppression(
            channel=None if channel == CONTACT else Channel(channel),
            address=given["address"],
            cause=Cause(given["cause"]),
            scope=Scope(given["scope"]),
            detail=given["detail"],
        ),
        created_at=given["created_at"],
        created_by=given["created_by"],
        lifted_at=given["lifted_at"],
        lifted_by=given["lifted_by"],
    )
