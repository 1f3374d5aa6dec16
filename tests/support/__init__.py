"""What tests share: real servers, databases and stacks to run against.

Fixtures (all in `tests/conftest.py`; request them by name):

- `database_url` (str): a migrated database of this test alone, for the services' role; 100 ms.
- `empty_database_url` (str): the same without any migration.
- `postgres_server` (`devstack.postgres.Postgres`): the session's server; `.query(sql, database)`
  runs SQL as superuser.
- `nats_url` (str): a nats-server of this test alone, with JetStream; 50 ms.
- `nats_server` (`devstack.nats.NatsServer`): the server behind it; `.kill()` and `.start()` keep
  its URL.
- `service_env` (dict[str, str]): the shared TREADLE_ variables of a process on this test's servers.

Everything runs on free loopback ports, in temporary folders, and ends with pytest even when that is
killed.
"""
