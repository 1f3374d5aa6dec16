"""`kill -9` while contacts are imported: each row is taken in once.

`TREADLE_TEST_ROWS=10000` makes it ten thousand rows.
"""

import os

from devstack.client import GatewayClient
from devstack.importing import finished
from devstack.postgres import DATABASE
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.foreground import eventually
from tests.support.imports import people

ROWS = int(os.environ.get("TREADLE_TEST_ROWS", "4000"))


def test_every_row_comes_in_once_when_engine_and_api_are_killed(
    mortal: Stack, account: Account
) -> None:
    def count(of: str, table: str, condition: str = "true") -> int:
        sql = (
            f"SELECT count({of}) FROM treadle.{table}"
            f" WHERE account_id = '{account.id}' AND {condition}"
        )
        return int(mortal.postgres.query(sql, DATABASE))

    with GatewayClient(mortal.gateway_url, account.token()) as client:
        started = client.start_import(
            people(range(ROWS)), file_name="people.csv", duplicates="skip"
        )

        for victim, row in (("engine", 1), ("engine", ROWS // 3), ("api", ROWS // 2)):
            assert eventually(
                lambda row=row: client.contact_import(started.id).processed_rows >= row, 60
            )
            mortal.services[victim].kill()
            mortal.services[victim].restart()
        done = finished(client, started, lambda _: None)
    assert (done.status, done.created_rows, done.refused_rows) == ("completed", ROWS, 0)
    assert count("*", "contacts") == count("DISTINCT email_key", "contacts") == ROWS
    assert count("*", "contact_tags") == ROWS // 2
    assert count("*", "audit_log", "operation = 'contact.created'") == ROWS
    assert eventually(lambda: count("*", "event_outbox") == 0, 60)
