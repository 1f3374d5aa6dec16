"""Whose payments providers tell of, and what workflows hear of them.

A payment is that contact's whose id our step has put into its metadata, else who is known by one of
the ids that the event names. What only an account's own secret has signed speaks of that account,
and teaches of it alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from action_service.adapters.driver import Driver
from action_service.domain.payments import Maker, Payer, PaymentNews, payer_of
from action_service.domain.plan import Json
from action_service.domain.provider_events import ProviderEvent
from action_service.engine.effects import ContactEvent

# Their lock holds an erasure up until all of this is stored, and waits for one.
_CONTACT = """
    SELECT id::text FROM treadle.contacts WHERE account_id = $1::uuid AND id = $2::uuid
    FOR KEY SHARE
    """
_WAS_ERASED = "SELECT 1 FROM treadle.erasures WHERE account_id = $1::uuid AND contact_id = $2::uuid"
_KNOWN = """
    SELECT reference, account_id::text, contact_id::text FROM treadle.payment_references
    WHERE reference = ANY($1::text[])
      AND CASE WHEN $2::uuid IS NULL THEN NOT of_account_alone ELSE account_id = $2::uuid END
    """
# What a step's own metadata say counts more than what was known. Locks all, in one order.
_LEARN = """
    INSERT INTO treadle.payment_references AS r
        (account_id, reference, contact_id, of_account_alone)
    SELECT $1::uuid, v.reference, $2::uuid, $4::boolean
    FROM unnest($3::text[]) AS v(reference)
    ORDER BY v.reference
    ON CONFLICT (account_id, reference) DO UPDATE
    SET contact_id = EXCLUDED.contact_id,
        of_account_alone = r.of_account_alone AND EXCLUDED.of_account_alone
    WHERE $5::boolean AND (r.contact_id IS DISTINCT FROM EXCLUDED.contact_id
                           OR r.of_account_alone AND NOT EXCLUDED.of_account_alone)
    """
_TELL = """
    UPDATE treadle.payment_references SET told_at = $3
    WHERE account_id = $1::uuid AND reference = $2 AND (told_at IS NULL OR told_at <= $3)
    RETURNING 1
    """
_STEP = """
    SELECT e.workflow_id::text, x.action_id::text, e.id::text, e.origin_execution_ids::text[]
    FROM treadle.workflow_action_executions x
    JOIN treadle.workflow_executions e ON e.id = x.workflow_execution_id
    WHERE x.account_id = $1::uuid AND x.id = $2::uuid
    """
_APPLIED = "UPDATE treadle.provider_events SET applied_at = now() WHERE id = $1::uuid"


async def find_payers(
    driver: Driver, events: Sequence[ProviderEvent], *, alone: str | None
) -> Mapping[str, Payer]:
    """Who pays, by the event's id; their rows are locked against erasure.

    `alone` is the only account that the events may speak of, if they may not of all. To be called
    before the events are stored.
    """
    found: dict[str, Payer] = {}
    for event in events:
        if event.payment is not None and (payer := await _payer(driver, event.payment, alone)):
            found[event.id] = payer
    return found


def of_erased(payers: Mapping[str, Payer]) -> frozenset[str]:
    """The ids of events about contacts that were erased, which are not to be kept again."""
    return frozenset(event_id for event_id, payer in payers.items() if payer.contact_id is None)


async def follow_payments(
    driver: Driver,
    fresh: Sequence[tuple[str, ProviderEvent]],
    payers: Mapping[str, Payer],
    *,
    alone: str | None,
) -> list[ContactEvent]:
    """What is to be heard of new events, which come with our ids of them.

    What belongs to nobody of ours is left as it is.
    """
    heard: list[ContactEvent] = []
    for row_id, event in fresh:
        news, payer = event.payment, payers.get(event.id)
        if news is None or payer is None or payer.contact_id is None:
            continue
        account_id, contact_id = payer.account_id, payer.contact_id
        maker = _believed(news.maker, alone)
        says_so = maker is not None and Payer(maker.account_id, maker.contact_id) == payer
        await driver.execute(_LEARN, *payer, news.references, alone is not None, says_so)
        await driver.execute(_APPLIED, row_id)
        told = (account_id, news.object_id, event.occurred_at)
        if not news.is_state or await driver.fetchval(_TELL, *told):
            heard.append(await _news(driver, account_id, contact_id, event, news))
    return heard


async def _payer(driver: Driver, news: PaymentNews, alone: str | None) -> Payer | None:
    maker = _believed(news.maker, alone)
    if maker is not None:
        made_for = Payer(maker.account_id, maker.contact_id)
        if payer := await _present(driver, made_for):
            return payer
    known: defaultdict[str, set[Payer]] = defaultdict(set)
    for reference, account_id, contact_id in await driver.fetch(_KNOWN, news.references, alone):
        known[reference].add(Payer(account_id, contact_id))
    found = payer_of(news.references, {each: frozenset(known[each]) for each in known})
    return None if found is None else await _present(driver, found)


def _believed(maker: Maker | None, alone: str | None) -> Maker | None:
    return maker if maker is not None and alone in {None, maker.account_id} else None


async def _present(driver: Driver, payer: Payer) -> Payer | None:
    """The payer as they are now; None when there never was one."""
    if payer.contact_id is None or await driver.fetchval(_CONTACT, *payer):
        return payer
    was_erased = await driver.fetchval(_WAS_ERASED, *payer)
    return Payer(payer.account_id, None) if was_erased else None


async def _news(
    driver: Driver, account_id: str, contact_id: str, event: ProviderEvent, news: PaymentNews
) -> ContactEvent:
    """With the chain of the run whose step made it, so that no run goes on setting itself off."""
    data: dict[str, Json] = {**event.detail, "occurred_at": event.occurred_at.isoformat()}
    origin: tuple[str, ...] = ()
    step = news.maker and news.maker.action_execution_id
    row = await driver.fetchrow(_STEP, account_id, step) if step else None
    if row is not None:
        workflow_id, action_id, execution_id, earlier = row
        data |= {
            "workflow_id": workflow_id,
            "action_id": action_id,
            "action_execution_id": step,
        }
        origin = (*(earlier or ()), execution_id)
    now = await driver.fetchval("SELECT now()")
    return ContactEvent(account_id, news.event_type, contact_id, now, data, origin)
