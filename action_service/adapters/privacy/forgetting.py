"""What providers tell of messages to people who have been erased, and that is not to be kept again.

Of a message that we know, its row says so. This is for others: the message was on its way when the
erasure began, so nobody has taken down whose it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from action_service.adapters.driver import Driver
from action_service.domain.erasure import digest_address
from action_service.domain.provider_events import ProviderEvent
from common.contact_links import LinkKeys

# Held by whoever stores events, shared, from before they look for erasures until they commit. An
# erasure waits for it once, so that it finds all events of those who have looked before it began.
_LOCK: Final = 7_102
STORING: Final = f"pg_advisory_xact_lock_shared({_LOCK})"
STORED: Final = f"SELECT pg_advisory_xact_lock({_LOCK})"

_WERE_ERASED = """
    SELECT v.digest FROM unnest($1::text[]) AS v(digest)
    WHERE EXISTS (SELECT FROM treadle.erasures e WHERE e.address_digests @> ARRAY[v.digest])
    """
# Of a message that we know its row says whose it is, and whom the account still has under the
# address may be told of.
_OF_NOBODY = """
    WITH present AS (
        SELECT c.id, address.of
        FROM treadle.contacts c
        CROSS JOIN LATERAL (VALUES (c.email_key), (c.phone)) AS address(of)
        WHERE c.account_id = $1::uuid AND (c.email_key = ANY($5::text[]) OR c.phone = ANY($5))
        UNION ALL
        SELECT i.contact_id, i.psid
        FROM treadle.messenger_identities i
        WHERE i.account_id = $1::uuid AND i.psid = ANY($5) AND i.contact_id IS NOT NULL
    )
    SELECT v.event_id
    FROM unnest($3::text[], $4::text[], $5::text[]) AS v(event_id, message_id, recipient)
    WHERE NOT EXISTS (
        SELECT FROM treadle.messages m
        WHERE m.provider = $2 AND m.provider_message_id = v.message_id
          AND m.action_execution_id IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT FROM present p
        WHERE p.of = v.recipient
          AND NOT EXISTS (
              SELECT FROM treadle.erasures e
              WHERE e.account_id = $1::uuid AND e.contact_id = p.id
          )
    )
    """


async def about_erased(
    driver: Driver,
    account_id: str,
    provider: str,
    events: Sequence[ProviderEvent],
    keys: LinkKeys,
) -> frozenset[str]:
    """The ids of events about messages of nobody's to somebody who was erased.

    To be called with STORING held.
    """
    digests = {
        digest_address(digest): recipient
        for recipient in {event.recipient for event in events if event.recipient is not None}
        for digest in keys.anybodys_digests(recipient)
    }
    if not digests:
        return frozenset()
    erased = {digests[row[0]] for row in await driver.fetch(_WERE_ERASED, list(digests))}
    about = [(e.id, e.message_id, e.recipient) for e in events if e.recipient in erased]
    if not about:
        return frozenset()
    found = await driver.fetch(_OF_NOBODY, account_id, provider, *zip(*about, strict=True))
    return frozenset(row[0] for row in found)


def emptied(event: ProviderEvent) -> ProviderEvent:
    """The event without what it says."""
    return replace(event, payload={}, detail={})
