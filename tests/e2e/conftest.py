"""What tests through the gateway share beside the stack."""

from collections.abc import Generator

import pytest

from devstack.stack import Stack
from tests.support.e2e_office import Office, office


@pytest.fixture(scope="module")
def there(stack: Stack) -> Generator[Office]:
    """An account of the module's own with records for actions to work upon."""
    with office(stack) as opened:
        yield opened
