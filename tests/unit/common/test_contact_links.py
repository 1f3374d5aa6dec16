"""Links to contacts: sealed, told apart from what somebody made up, and still good after a change
of the key."""

from uuid import uuid4

import pytest

from common.contact_links import MAX_TOKEN_LENGTH, ContactLink, InvalidLinkError, LinkKeys

OLD = bytes(32)
NEW = bytes(range(32))
LINK = ContactLink(uuid4(), uuid4(), uuid4(), "ann.öz@example.com")


def test_what_was_sealed_is_opened() -> None:
    keys = LinkKeys([NEW])
    assert keys.open(keys.seal(LINK)) == LINK


def test_a_token_shows_nothing_and_is_never_the_same() -> None:
    keys = LinkKeys([NEW])
    token = keys.seal(LINK)
    assert token != keys.seal(LINK)
    assert "ann" not in token
    assert str(LINK.contact_id) not in token
    assert all(each.isalnum() or each in "-_" for each in token)


def test_the_longest_address_fits() -> None:
    keys = LinkKeys([NEW])
    link = ContactLink(uuid4(), uuid4(), uuid4(), "a" * 242 + "@example.com")
    token = keys.seal(link)
    assert len(token) <= MAX_TOKEN_LENGTH
    assert keys.open(token) == link


def test_every_changed_character_is_refused() -> None:
    keys = LinkKeys([NEW])
    token = keys.seal(LINK)
    # Of the last character some bits are padding.
    for place, character in enumerate(token[:-1]):
        other = "A" if character != "A" else "B"
        with pytest.raises(InvalidLinkError):
            keys.open(token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize(
    "token",
    ["", "A", "AQ", "x" * 100, "é" * 50, "A" * 601, "../../etc/passwd", "%00", "AQ==" * 40],
    ids=range(9),
)
def test_what_we_have_not_made_is_refused(token: str) -> None:
    with pytest.raises(InvalidLinkError):
        LinkKeys([NEW]).open(token)


def test_links_outlive_a_change_of_the_key() -> None:
    token = LinkKeys([OLD]).seal(LINK)
    assert LinkKeys([NEW, OLD]).open(token) == LINK
    with pytest.raises(InvalidLinkError):
        LinkKeys([NEW]).open(token)


def test_a_digest_stands_for_an_address_of_an_account() -> None:
    account, keys = uuid4(), LinkKeys([NEW, OLD])
    current, previous = keys.digests(account, "ann@example.com")
    assert LinkKeys([OLD]).digests(account, "ann@example.com") == [previous]
    others = [
        *keys.digests(account, "bob@example.com"),
        *keys.digests(uuid4(), "ann@example.com"),
        previous,
    ]
    assert current not in others
