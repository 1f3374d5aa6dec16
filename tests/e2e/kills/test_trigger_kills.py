"""`kill -9` of engines that hear of changes, and copies of all they hear: each change counts once.

`TREADLE_TEST_CONTACTS=1000` makes it a thousand contacts.
"""

import os

from common.nats import EVENTS
from devstack.stack import Stack
from tests.support.e2e_books import check_books
from tests.support.e2e_duplicates import Duplicator
from tests.support.e2e_processes import freeze, in_hand, second_engine
from tests.support.e2e_rest import Customer, Json, increment, tag
from tests.support.e2e_triggers import completed, started, triggered, when_tagged
from tests.support.foreground import eventually

CONTACTS = int(os.environ.get("TREADLE_TEST_CONTACTS", "320")) // 4
RECOVERY = 90.0
"""Seconds: what a killed engine had in hand comes back twice at worst."""


def test_every_event_counts_once_whatever_dies(mortal: Stack, api: Customer) -> None:
    engine, another = mortal.services["engine"], second_engine(mortal)
    try:
        another.start()
        another.wait_ready()
        with Duplicator(mortal, "treadle.events.>", copies=2) as copies:
            created: Json = {"event_type": "contact_created"}
            welcome = triggered(api, created, tag("welcome"), re_entry="once")
            count = triggered(api, when_tagged("welcome"), increment("welcomes"))
            api.people(CONTACTS)
            # With events in hand that neither engine has acted upon.
            for each in (engine, another):
                freeze(each)
            api.people(CONTACTS, first=CONTACTS)
            assert eventually(lambda: in_hand(mortal, EVENTS.name, "engine-triggers") > 0)
            for each in (engine, another):
                each.kill()
                each.restart()
            # At work.
            api.people(CONTACTS, first=2 * CONTACTS)
            assert eventually(lambda: started(api, welcome) > CONTACTS)
            engine.kill()
            engine.restart()
            api.people(CONTACTS, first=3 * CONTACTS)
            total = 4 * CONTACTS
            assert eventually(lambda: completed(api, count) == total, RECOVERY)
            assert completed(api, welcome) == total
            shown = [(c["tags"], c["custom_fields"]) for c in api.items("contacts", "contacts")]
            assert shown == [(["welcome"], {"welcomes": 1})] * total
            assert copies.published > 0
            check_books(mortal)
    finally:
        another.stop()
