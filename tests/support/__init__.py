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

- `stack` (`devstack.stack.Stack`): every service as a process of its own, shared by the session.
  `.gateway_url`, `.simulator_url`, `.api_target` and `.scheduler_target` (gRPC host:port),
  `.token(roles=…, account=…, user=…)`, `.services[name]` (`api`, `engine`, `scheduler`,
  `executor-communication`, `executor-crm`, `executor-internal`, `executor-code`, `gateway`,
  `simulator`: `.pid`,
  `.address`, `.log`), `.postgres`, `.nats`. Leave it as it is: kill nothing, tell the simulator to
  fail nothing, and work in an account of your own (`account`).
- `make_stack` (`tests.support.stacks.StackMaker`): makes a stack for tests that need other
  settings; it takes 12 s of computing, so a package or module shares one.
- `account` (`tests.support.account.Account`): a new account in `stack`: `.id`, `.user_id`,
  `.token(*roles)`, `.headers(*roles)`, `.http(*roles)` (an `httpx.Client` on the gateway).
- `mortal` (`Stack`, in `tests/e2e/kills` alone, with an `account` and `providers` in it): a stack
  that the tests there share. `.services[name].kill()` is `kill -9` and `.restart()` brings the
  service back at the same address. Both block, and work in the main thread only, so call them
  directly, also in async tests.

Everything runs on free loopback ports, in temporary folders, and ends with pytest even when that is
killed.
"""
