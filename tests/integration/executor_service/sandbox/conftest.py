"""What holds for all tests of the sandbox."""

from collections.abc import Generator

import pytest

from executor_service.sandbox import host


@pytest.fixture(scope="module", autouse=True)
def patience() -> Generator[None]:
    """A fork server that a busy machine holds up is not given up: every run would end with it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(host, "_PATIENCE_S", 30.0)
        yield
