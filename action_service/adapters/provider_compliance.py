"""What follows from providers' events for who may be reached, in the transaction that stores them.

An event is of the account whose message it is about; of one that no message is known of yet, of the
account that it was posted for.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import orjson

from action_service.adapters.compliance import hold_claims, lift, suppress
from action_service.adapters.driver import Driver
from action_service.domain.compliance import NewSuppression, Suppression
from action_service.domain.help_answer import help_answer
from action_service.domain.provider_compliance import (
    AnswerHelp,
    Consequence,
    Lift,
    consequences,
)
from action_service.domain.provider_events import ProviderEvent
from action_service.use_cases.compliance import address_key, suppression_change
from common.ids import new_id_text
from common.phone_numbers import e164

_ACCOUNTS = """
    SELECT provider_message_id, account_id::text, erased_at IS NOT NULL FROM treadle.messages
    WHERE provider = $1 AND provider_message_id = ANY($2::text[])
      AND action_execution_id IS NOT NULL
    """
_AUDIT = """
    INSERT INTO treadle.audit_log
        (id, account_id, actor, operation, entity_type, entity_id, before, after)
    SELECT v.id, $1::uuid, $2::text, v.operation, 'suppression', v.entity_id, v.before::jsonb,
           v.after::jsonb
    FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[])
        AS v(id, operation, entity_id, before, after)
    """
# No step has brought it about, so its own id stands for one. The next sweep rings for it.
_ANSWER = """
    INSERT INTO treadle.deliveries
        (id, account_id, action_execution_id, channel, recipient, sender, body, attempt_id,
         lease_until)
    SELECT $1::uuid, $2::uuid, $1::uuid, 'sms', $3::text, $4::text, $5::text, $6::uuid, now()
    """
_ACCOUNT = "SELECT name, sms_help_text FROM treadle.accounts WHERE id = $1::uuid"


class Following(NamedTuple):
    """What follows from an event, and for which account."""

    event_id: str
    account_id: str
    consequence: Consequence


async def foresee(
    driver: Driver,
    account_id: str,
    provider: str,
    events: Sequence[ProviderEvent],
    *,
    alone: str | None = None,
) -> list[Following]:
    """What would follow from the events; keeps claims of the accounts concerned back.

    `alone` is the only account that they may speak of, if they may not of all. To be called before
    the transaction takes any other lock.
    """
    found = [(event, list(consequences(provider, event))) for event in events]
    about = [event for event, follows in found if follows]
    if not about:
        return []
    ids = [event.message_id for event in about if event.message_id is not None]
    rows = await driver.fetch(_ACCOUNTS, provider, ids) if ids else []
    accounts: dict[str, str] = {row[0]: row[1] for row in rows}
    # Whoever they went to is suppressed by what stands for their address, which is not kept again.
    erased = {row[0] for row in rows if row[2]}
    following = [
        Following(event.id, of_account, consequence)
        for event, follows in found
        if event.message_id not in erased
        if (of_account := accounts.get(event.message_id or "", account_id)) == (alone or of_account)
        for consequence in follows
    ]
    await hold_claims(driver, [each.account_id for each in following])
    return following


async def comply(driver: Driver, provider: str, following: Iterable[Following]) -> None:
    """Has the consequences of new events take effect, those of an account in the events' order."""
    actor = f"provider:{provider}"
    ordered = sorted(following, key=lambda each: each.account_id)
    for account_id, of_account in groupby(ordered, key=lambda each: each.account_id):
        consequences_of = [each.consequence for each in of_account]
        # Claims of the account wait for this, and a provider may post a thousand bounces at once.
        for _, together in groupby(consequences_of, key=type):
            await _comply(driver, account_id, list(together), actor)


async def _comply(
    driver: Driver, account_id: str, together: Sequence[Consequence], actor: str
) -> None:
    """The work on consequences of one kind."""
    wanted = [each for each in together if isinstance(each, NewSuppression)]
    keyed = [found for each in wanted if (found := _keyed(each))]
    stored = await suppress(driver, account_id, keyed, actor)
    added = {suppression.id: suppression for suppression, is_new in stored if is_new}
    await _audit(driver, account_id, actor, "added", [*added.values()])
    for consequence in together:
        match consequence:
            case Lift(channel, address, causes):
                number = e164(address) or address.strip().lower()
                lifted = await lift(driver, account_id, [(channel, number)], causes, actor)
                await _audit(driver, account_id, actor, "lifted", lifted)
            case AnswerHelp(number, from_number):
                await _answer(driver, account_id, number, from_number)
            case NewSuppression():
                continue


def _keyed(wanted: NewSuppression) -> NewSuppression | None:
    """With the address as it is kept; None for what is no address."""
    if wanted.channel is None:
        return wanted
    try:
        key = address_key(wanted.channel, wanted.address)
    except ValueError:
        return None
    return NewSuppression(wanted.channel, key, wanted.cause, wanted.scope, wanted.detail)


async def _answer(driver: Driver, account_id: str, number: str, from_number: str) -> None:
    to, sender = e164(number), e164(from_number)
    row = await driver.fetchrow(_ACCOUNT, account_id)
    if to is None or sender is None or row is None:
        return
    body = help_answer(row["name"], row["sms_help_text"])
    await driver.execute(_ANSWER, new_id_text(), account_id, to, sender, body, new_id_text())


async def _audit(
    driver: Driver, account_id: str, actor: str, done: str, suppressions: Sequence[Suppression]
) -> None:
    changes = [suppression_change(done, suppression) for suppression in suppressions]
    if not changes:
        return
    rows = [
        (
            new_id_text(),
            change.operation,
            str(change.entity_id),
            None if change.before is None else orjson.dumps(change.before).decode(),
            None if change.after is None else orjson.dumps(change.after).decode(),
        )
        for change in changes
    ]
    await driver.execute(_AUDIT, account_id, actor, *zip(*rows, strict=True))
