"""Locks every contact that a batch will change, in one statement, before any of it is applied.

Kinds of effects that change contacts share the rows. Would each lock its own, two engines could
each hold what the other waits for; one statement locks in the order of the ids.
"""

from collections.abc import Sequence

from action_service.adapters.driver import Driver
from action_service.adapters.effects.contacts import Contacts, fields_of
from action_service.engine.effects import AppliedEffect

# The contacts named, and those that have an email which some effect gives to a contact.
_LOCK = """
    SELECT c.id::text, c.account_id::text, c.email, c.phone, c.first_name, c.last_name, c.timezone,
           c.owner_id::text, c.custom_fields::text
    FROM treadle.contacts c
    WHERE c.id = ANY(ARRAY(
        SELECT unnest($1::uuid[])
        UNION
        SELECT h.id
        FROM unnest($2::uuid[], $3::text[]) AS v(account_id, email)
        JOIN treadle.contacts h ON h.account_id = v.account_id AND h.email_key = lower(v.email)
    ))
    ORDER BY c.id
    FOR NO KEY UPDATE
    """


async def lock_contacts(connection: Driver, effects: Sequence[AppliedEffect]) -> Contacts:
    """The contacts that the effects change or may run into, locked."""
    ids: set[str] = set()
    emails: set[tuple[str, str]] = set()
    for effect in effects:
        match effect.effect.WhichOneof("effect"):
            case "create_contact":
                emails.add((effect.account_id, effect.effect.create_contact.email))
            case "update_contact":
                update = effect.effect.update_contact
                ids.add(update.contact_id)
                emails.update(
                    (effect.account_id, change.value.string_value)
                    for change in update.changes
                    if change.field == "email"
                )
            case "assign_to_user" | "grant_course_access" | "revoke_course_access":
                ids.add(effect.contact_id)
            case _:
                pass
    contacts = Contacts()
    given = [(account, email) for account, email in emails if email]
    if ids or given:
        accounts, texts = [account for account, _ in given], [email for _, email in given]
        for row in await connection.fetch(_LOCK, list(ids), accounts, texts):
            contacts.put(row[1], row[0], fields_of(*row[2:]))
    return contacts
