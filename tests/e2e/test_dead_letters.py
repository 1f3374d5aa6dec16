"""A poison message in a running stack, and what an operator does about it on the command line."""

import asyncio
import json

import nats
from typer.testing import CliRunner

from devstack.cli import app
from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, tag
from tests.support.foreground import eventually

SUBJECT = "treadle.actions.crm.add_tag"


def poison(stack: Stack, account: Account) -> None:
    """Puts a message on the stream of tasks that is none."""

    async def publish() -> None:
        nc = await nats.connect(stack.nats.url)
        headers = {"treadle-account": str(account.id)}
        await nc.jetstream().publish(SUBJECT, b"\xffpoison", headers=headers)
        await nc.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(publish())


def test_poison_leaves_the_stream_and_its_neighbours_alone(stack: Stack, account: Account) -> None:
    customer = Customer(account.http())
    workflow = customer.workflow(tag("a"), tag("b"))
    people = customer.people(20)
    first = customer.start(workflow, people[:10])
    poison(stack, account)
    runs = first + customer.start(workflow, people[10:])
    assert eventually(lambda: all(customer.ended(each) for each in runs))
    assert {customer.execution(each)["state"] for each in runs} == {"completed"}
    assert eventually(lambda: bool(list(customer.items("dead-letters", "dead_letters"))))

    def treadle(*arguments: str) -> str:
        options = ["--gateway", stack.gateway_url, "--token", account.token("operator")]
        done = CliRunner().invoke(app, ["dead-letters", *arguments, *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    (letter,) = customer.items("dead-letters", "dead_letters")
    assert letter["id"] in treadle("list")
    assert json.loads(treadle("list", "--json")) == {"dead_letters": [letter]}
    shown = json.loads(treadle("show", letter["id"]))
    assert (shown["source"], shown["reason"]) == ("crm", "not a task")
    assert shown["payload"] == {"unreadable": "/3BvaXNvbg=="}
    # It is no better the second time.
    (replayed,) = json.loads(treadle("replay", letter["id"], "--json"))["dead_letters"]
    assert replayed["state"] == "replayed"
    assert eventually(lambda: customer.get(f"dead-letters/{letter['id']}")["deaths"] == 2)
    assert "discarded" in treadle("discard", letter["id"], "--reason", "nobody's")
    assert "no dead letter is open" in treadle("list")
