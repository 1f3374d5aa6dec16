"""The embedded servers survive what a developer's machine does to them."""

import asyncpg
from nats.js import JetStreamContext

from common.nats import EVENTS, Outgoing, connect, ensure_streams, publish_one
from devstack.nats import NatsServer
from devstack.postgres import Postgres


async def test_services_role_is_no_superuser(empty_database_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    try:
        assert await connection.fetchval("show is_superuser") == "off"
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("show server_version_num") >= "160000"
        await connection.execute("create table t (id int)")
    finally:
        await connection.close()


def test_databases_are_apart(postgres_server: Postgres, empty_database_url: str) -> None:
    assert empty_database_url != postgres_server.url()


async def test_jetstream_keeps_messages_over_kill(nats_server: NatsServer) -> None:
    subject = "treadle.events.account.kept"
    client = await connect(nats_server.url, name="test")
    await ensure_streams(JetStreamContext(client))
    await publish_one(JetStreamContext(client), Outgoing(subject, b"kept", "1"))
    await client.close()
    url = nats_server.url

    nats_server.kill()
    nats_server.start()

    assert nats_server.url == url
    client = await connect(url, name="test")
    message = await JetStreamContext(client).get_last_msg(EVENTS.name, subject)
    assert message.data == b"kept"
    await client.close()
