"""What a failure of the database means to the caller.

Only failures that say something are translated. The rest stays an exception, which the server
reports as INTERNAL and logs.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import cast

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from common.errors import (
    ErrorReason,
    TreadleError,
    already_exists,
    dependency_unavailable,
    failed_precondition,
    overloaded,
)

_SOON = timedelta(seconds=1)

# Unique indexes whose values people choose: (entity, field, description).
_TAKEN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "idx_contacts_email": ("contact", "contact.email", "another contact has this email"),
        "idx_email_templates_name": ("email template", "name", "another template has this name"),
        "email_templates_pkey": ("email template", "template_id", "this id is taken"),
        "idx_workflow_actions_name": ("action", "name", "another action has this name"),
        "workflow_branches_workflow_id_name_key": (
            "branch",
            "name",
            "another branch has this name",
        ),
        "pipeline_stages_pkey": ("pipeline stage", "pipeline.stages", "an id in it is taken"),
        "campaign_steps_pkey": ("campaign step", "campaign.steps", "an id in it is taken"),
        "messenger_pages_account_id_facebook_page_id_key": (
            "messenger page",
            "messenger_page.facebook_page_id",
            "another messenger page is this page",
        ),
        "messenger_identities_messenger_page_id_psid_key": (
            "messenger identity",
            "messenger_identity.psid",
            "the page knows this PSID already",
        ),
        **{
            f"{table}_account_id_name_key": (
                entity.replace("_", " "),
                f"{entity}.name",
                f"another {entity.replace('_', ' ')} has this name",
            )
            for table, entity in (
                ("audio_files", "audio_file"),
                ("campaigns", "campaign"),
                ("courses", "course"),
                ("custom_fields", "custom_field"),
                ("messenger_pages", "messenger_page"),
                ("pipelines", "pipeline"),
                ("tags", "tag"),
                ("teams", "team"),
            )
        },
    }
)
# What use cases check before, and somebody else has changed since.
_DRAWN_AWAY = (
    "a record that this one points to has just been deleted, or another has just come to point to"
    " this one; read them again"
)
_UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    ConnectionError,
)
_COLLIDED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


def translate(error: Exception) -> TreadleError | None:
    """The refusal that `error` amounts to; None when it is a fault of our own."""
    if isinstance(error, PoolTimeoutError):
        return overloaded("all database connections are busy", _SOON)
    cause = _driver_error(error)
    if isinstance(cause, asyncpg.ForeignKeyViolationError):
        return failed_precondition(ErrorReason.REFERENCED, _DRAWN_AWAY)
    if isinstance(error, IntegrityError) and cause is not None:
        taken = _TAKEN.get(cast("str", getattr(cause, "constraint_name", "") or ""))
        return None if taken is None else already_exists(*taken)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return dependency_unavailable("the database", _SOON)
    if isinstance(cause or error, (*_UNREACHABLE, *_COLLIDED)):
        return dependency_unavailable("the database", _SOON)
    return None


def is_transient(error: Exception) -> bool:
    """Whether the same may succeed later."""
    refusal = translate(error)
    return refusal is not None and refusal.retry_after is not None


def _driver_error(error: Exception) -> BaseException | None:
    """The exception of asyncpg below SQLAlchemy's two wrappers."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    return error.orig.__cause__ or error.orig
