"""Which refusals of the database are one item's own, and what its user may know of them."""

import asyncpg
import pytest

from action_service.adapters.engine_transactions import bad_items
from action_service.engine.model import BadItemError


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (asyncpg.NumericValueOutOfRangeError, "a value of this step cannot be stored"),
        (asyncpg.CheckViolationError, "a value of this step cannot be stored"),
        (asyncpg.StatementTooComplexError, "a value of this step cannot be stored"),
        (asyncpg.ProgramLimitExceededError, "a value of this step cannot be stored"),
        (asyncpg.ForeignKeyViolationError, "a record that this step is about has been deleted"),
        (ValueError, "a value of this step cannot be stored"),
    ],
)
def test_what_is_one_items_own(cause: type[Exception], said: str) -> None:
    with pytest.raises(BadItemError, match=said) as found, bad_items():
        raise cause("SELECT secret")
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("cause", [asyncpg.DeadlockDetectedError, asyncpg.DiskFullError])
def test_what_is_the_databases_trouble(cause: type[Exception]) -> None:
    with pytest.raises(cause), bad_items():
        raise cause("SELECT 1")
