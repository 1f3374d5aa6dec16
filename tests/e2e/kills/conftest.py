"""A stack to be killed, which a stack for each test would cost more time than all of its deaths."""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from devstack.stack import Stack, StackOptions
from tests.support.account import Account
from tests.support.e2e_processes import FEW_SLOTS, SOON
from tests.support.e2e_rest import Customer
from tests.support.e2e_simulator import Providers
from tests.support.stacks import StackMaker


@pytest.fixture(scope="package")
def mortal(make_stack: StackMaker, session_folder: Path) -> Generator[Stack]:
    """A stack whose services these tests kill, and leave alive and at rest."""
    folder = Path(tempfile.mkdtemp(prefix="mortal-", dir=session_folder))
    folder.chmod(0o711)
    # Few calls at a time, so that many deaths do not make all of the outcomes unknown.
    env = {"TREADLE_EXECUTOR_CONCURRENCY": str(FEW_SLOTS), **SOON}
    with make_stack(StackOptions(folder, env=env)) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def account(mortal: Stack) -> Generator[Account]:
    """An account of this test alone; all services live on after it."""
    with Account(mortal) as new:
        yield new
    mortal.check()


@pytest.fixture
def api(account: Account) -> Customer:
    """The account's admin."""
    return Customer(account.http())


@pytest.fixture
def providers(mortal: Stack) -> Generator[Providers]:
    """The simulator, which knows nothing of the tests before."""
    with Providers(mortal.simulator_url) as simulator:
        simulator.forget()
        yield simulator
        simulator.behave()
