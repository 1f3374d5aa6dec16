"""What failures of the database mean to callers."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from action_service.adapters.database_errors import translate
from common.errors import ErrorReason


class WrapperError(Exception):
    """Stands for SQLAlchemy's exception around the driver's."""


def wrapped(
    cause: Exception, kind: type[DBAPIError] = DBAPIError, *, dead: bool = False
) -> DBAPIError:
    middle = WrapperError(str(cause))
    middle.__cause__ = cause
    return kind("SELECT 1", {}, middle, connection_invalidated=dead)


def unique(constraint: str) -> IntegrityError:
    cause = asyncpg.UniqueViolationError("duplicate")
    cause.constraint_name = constraint  # pyright: ignore[reportAttributeAccessIssue] - set by the protocol's parser
    error = wrapped(cause, IntegrityError)
    assert isinstance(error, IntegrityError)
    return error


@pytest.mark.parametrize(
    ("constraint", "field"),
    [
        ("idx_contacts_email", "contact.email"),
        ("idx_email_templates_name", "name"),
        ("email_templates_pkey", "template_id"),
        ("idx_workflow_actions_name", "name"),
        ("workflow_branches_workflow_id_name_key", "name"),
        ("pipelines_account_id_name_key", "pipeline.name"),
        ("custom_fields_account_id_name_key", "custom_field.name"),
        ("campaign_steps_pkey", "campaign.steps"),
    ],
)
def test_values_that_are_taken(constraint: str, field: str) -> None:
    error = translate(unique(constraint))
    assert error is not None
    assert error.reason is ErrorReason.ALREADY_EXISTS
    assert [violation.field for violation in error.violations] == [field]


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        ConnectionResetError(),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.InternalClientError("another operation is in progress"),
        wrapped(asyncpg.DiskFullError("no space left on device")),
        wrapped(asyncpg.AdminShutdownError("bye")),
        wrapped(asyncpg.InterfaceError("connection is closed")),
        wrapped(asyncpg.DeadlockDetectedError("deadlock")),
        wrapped(RuntimeError("broken pipe"), dead=True),
    ],
)
def test_a_database_out_of_reach_is_worth_another_try(failure: Exception) -> None:
    error = translate(failure)
    assert error is not None
    assert error.reason is ErrorReason.DEPENDENCY_UNAVAILABLE
    assert error.retry_after is not None


def test_a_record_that_is_drawn_away_meanwhile() -> None:
    cause = asyncpg.ForeignKeyViolationError("violates foreign key constraint")
    error = translate(wrapped(cause, IntegrityError))
    assert error is not None
    assert error.reason is ErrorReason.REFERENCED
    assert "foreign key" not in error.message


def test_a_full_pool_is_overload() -> None:
    error = translate(PoolTimeoutError())
    assert error is not None
    assert error.reason is ErrorReason.OVERLOADED


@pytest.mark.parametrize(
    "failure",
    [ValueError("x"), KeyError("x"), unique("a_surprise"), wrapped(asyncpg.DataError("bad"))],
)
def test_our_own_faults_are_not_explained_away(failure: Exception) -> None:
    assert translate(failure) is None
