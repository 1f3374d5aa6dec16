"""What a batch of rows does to contacts."""

from random import Random
from uuid import UUID

import pytest

from action_service.domain.compliance import Channel, ConsentStatus
from action_service.domain.contact import ContactValues
from action_service.domain.contact_import import Counts, Duplicates
from action_service.domain.import_batch import BatchOutcome, Existing, ReadRow, decide_batch

ADA = Existing(
    UUID(int=1),
    ContactValues(email="Ada@example.com", first_name="Ada", custom_fields={"n": 1}),
    frozenset({"old"}),
)


def row(number: int, *tags: str, **values: object) -> ReadRow:
    return ReadRow(number, ContactValues(**values), tags)  # pyright: ignore[reportArgumentType]


def decided(duplicates: Duplicates, *rows: ReadRow) -> BatchOutcome:
    ids = iter(range(100, 1_000))
    there = {"ada@example.com": ADA}
    return decide_batch(rows, there, duplicates, make_id=lambda: UUID(int=next(ids)))


def test_a_known_email_is_skipped_with_its_tags() -> None:
    outcome = decided(Duplicates.SKIP, row(2, "new", email="ADA@example.com", first_name="Eda"))
    assert outcome == BatchOutcome(counts=Counts(skipped=1))


def test_an_update_changes_what_is_given_and_keeps_the_rest() -> None:
    outcome = decided(
        Duplicates.UPDATE,
        row(2, "old", "new", email="ADA@example.com", phone="+1", custom_fields={"m": 2}),
    )
    assert outcome.values == {
        ADA.id: ContactValues(
            email="Ada@example.com", phone="+1", first_name="Ada", custom_fields={"n": 1, "m": 2}
        )
    }
    (update,) = outcome.updates
    assert update.changed.before == {"phone": None, "custom_fields.m": None}
    assert update.changed.after == {"phone": "+1", "custom_fields.m": 2}
    assert list(outcome.tags) == [(ADA.id, "new")]
    assert outcome.counts == Counts(updated=1)


def test_an_update_that_changes_nothing_is_skipped() -> None:
    outcome = decided(Duplicates.UPDATE, row(2, "old", email="ada@example.com", first_name="Ada"))
    assert outcome == BatchOutcome(counts=Counts(skipped=1))


def test_a_new_tag_alone_is_an_update_without_a_change_of_values() -> None:
    outcome = decided(Duplicates.UPDATE, row(2, "new", email="ada@example.com"))
    assert (outcome.updates, outcome.counts) == ([], Counts(updated=1))


def test_rows_of_one_contact_act_one_after_another() -> None:
    outcome = decided(
        Duplicates.UPDATE,
        row(2, "a", email="bob@example.com", first_name="Bob"),
        row(3, "a", "b", email="BOB@example.com", first_name="Rob"),
        row(4, email="bob@example.com", first_name="Bob"),
        row(5, "b", email="bob@example.com", first_name="Bob"),
    )
    ((contact_id, first),) = outcome.created
    assert first.first_name == "Bob"
    assert [u.changed.after["first_name"] for u in outcome.updates] == ["Rob", "Bob"]
    assert outcome.values[contact_id].first_name == "Bob"
    assert list(outcome.tags) == [(contact_id, "a"), (contact_id, "b")]
    assert outcome.counts == Counts(created=1, updated=2, skipped=1)


def test_rows_without_an_email_are_never_duplicates() -> None:
    outcome = decided(Duplicates.UPDATE, row(2, first_name="A"), row(3, first_name="A"))
    assert outcome.counts == Counts(created=2)


def test_an_update_that_would_overfill_a_contact_is_refused() -> None:
    fields = {f"f{n}": n for n in range(200)}
    outcome = decided(
        Duplicates.UPDATE,
        row(2, "new", email="ada@example.com", custom_fields=fields),
        row(3, email="ada@example.com", first_name="Eda"),
    )
    assert list(outcome.refused) == [2]
    assert not outcome.tags
    assert outcome.counts == Counts(updated=1, refused=1)


def consenting(number: int, email: str, **said: ConsentStatus) -> ReadRow:
    consents = {Channel(channel): status for channel, status in said.items()}
    return ReadRow(number, ContactValues(email=email), consents=consents)


def test_consents_that_are_news_are_an_update() -> None:
    there = {"ada@example.com": ADA._replace(consents={Channel.SMS: ConsentStatus.GRANTED})}
    outcome = decide_batch(
        [
            consenting(2, "ada@example.com", sms=ConsentStatus.GRANTED),
            consenting(3, "ada@example.com", sms=ConsentStatus.WITHDRAWN),
        ],
        there,
        Duplicates.UPDATE,
        make_id=lambda: UUID(int=2),
    )
    assert outcome.consents == {ADA.id: {Channel.SMS: ConsentStatus.WITHDRAWN}}
    assert outcome.counts == Counts(skipped=1, updated=1)


def test_a_withdrawal_is_never_undone() -> None:
    outcome = decided(
        Duplicates.UPDATE,
        consenting(2, "bob@example.com", sms=ConsentStatus.WITHDRAWN),
        consenting(3, "bob@example.com", sms=ConsentStatus.GRANTED),
        consenting(4, "bob@example.com", voice=ConsentStatus.GRANTED),
    )
    assert outcome.consents == {
        UUID(int=100): {
            Channel.SMS: ConsentStatus.WITHDRAWN,
            Channel.VOICE: ConsentStatus.GRANTED,
        }
    }
    assert [problem.description for problem in outcome.refused[3]] == [
        "sms_consent: the contact has withdrawn it; only their consents can grant it anew"
    ]
    assert outcome.counts == Counts(created=1, updated=1, refused=1)


@pytest.mark.parametrize("duplicates", list(Duplicates))
def test_the_cut_between_batches_makes_no_difference(duplicates: Duplicates) -> None:
    rng = Random(11)
    rows = [
        row(n, *rng.sample("abc", rng.randrange(3)), email=f"{rng.choice('xyz')}@example.com",
            first_name=rng.choice(["A", "B", None]))
        for n in range(2, 60)
    ]  # fmt: skip
    ids = [UUID(int=n) for n in range(1_000)]
    whole = decide_batch(rows, {}, duplicates, make_id=iter(ids).__next__)
    known: dict[str, Existing] = {}
    total, make_id = Counts(), iter(ids).__next__
    for start in range(0, len(rows), 7):
        part = decide_batch(rows[start : start + 7], known, duplicates, make_id=make_id)
        total += part.counts
        latest = dict(part.created) | part.values
        tags = {each.id: set(each.tags) for each in known.values()}
        for contact_id, tag in part.tags:
            tags.setdefault(contact_id, set()).add(tag)
        stored = {each.id: each.values for each in known.values()} | latest
        known = {
            (values.email or "").lower(): Existing(
                contact_id, values, frozenset(tags.get(contact_id, ()))
            )
            for contact_id, values in stored.items()
        }
    assert total == whole.counts
    assert {each.id: each.values for each in known.values()} == dict(whole.created) | whole.values
    assert {(each.id, tag) for each in known.values() for tag in each.tags} == set(whole.tags)
