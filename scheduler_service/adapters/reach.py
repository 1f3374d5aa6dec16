"""Whether a failure of the database is the database's, or of what it was given."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from scheduler_service.use_cases.ports import StoreBusyError, StoreUnavailableError


@contextmanager
def in_reach() -> Generator[None]:
    """Raises StoreUnavailableError for a database in trouble; what it refuses stays what it is."""
    try:
        yield
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        # Class 22 is bad data, 23 a broken constraint, and 54 more of something than there may be;
        # a ValueError is what the driver cannot encode.
        state = str(getattr(cause, "sqlstate", None) or "")
        if state[:2] in {"22", "23", "54"} or isinstance(cause, ValueError):
            raise
        raise StoreUnavailableError(type(cause or error).__name__) from error
    except PoolTimeoutError as error:
        raise StoreBusyError("all connections are busy") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise StoreUnavailableError(type(error).__name__) from error
