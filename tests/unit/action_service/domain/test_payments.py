"""Whose payment it is, by what is known of its references."""

import pytest

from action_service.domain.payments import Payer, payer_of

MIA, ADA, ELSEWHERE = Payer("a", "mia"), Payer("a", "ada"), Payer("b", "mia")
ERASED = Payer("a", None)


@pytest.mark.parametrize(
    ("known", "payer"),
    [
        ({}, None),
        ({"pi_1": {MIA}}, MIA),
        ({"cus_1": {MIA}}, MIA),
        # The payment says more than the customer.
        ({"pi_1": {ADA}, "cus_1": {MIA}}, ADA),
        ({"ch_1": {ERASED}, "cus_1": {MIA}}, ERASED),
        # Two accounts share the customer: neither is told.
        ({"cus_1": {MIA, ELSEWHERE}}, None),
        ({"pi_1": {MIA, ELSEWHERE}, "cus_1": {MIA}}, None),
        ({"pi_2": {MIA}}, None),
    ],
)
def test_the_first_reference_that_is_known_counts(
    known: dict[str, set[Payer]], payer: Payer | None
) -> None:
    found = {reference: frozenset(payers) for reference, payers in known.items()}
    assert payer_of(("pi_1", "ch_1", "cus_1"), found) == payer
