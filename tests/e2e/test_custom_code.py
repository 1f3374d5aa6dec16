"""A script from its saving to the use of what it returns, through every service."""

from uuid import uuid4

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually


def run_code(code: str) -> Json:
    """The action, for creating it."""
    return {"action_type": "custom_code", "name": "script", "action_config": {"code": code}}


def test_custom_code_action(stack: Stack, account: Account) -> None:
    """R5.4: the script has its context and fetch, and its output is there for later steps."""
    api = Customer(account.http())
    name = f"code-{uuid4().hex}"
    code = f"""
      const body = JSON.stringify({{ contact: contact.id }});
      const answer = await fetch("{stack.simulator_url}/sink/{name}", {{ method: "POST", body }});
      console.log("answered", answer.status);
      return {{ status: answer.status, workflow: workflow.name.length > 0 }};
    """
    later = tag("{{ steps.script.result.status }} {{ steps.script.console[0] }}")
    (contact,) = api.people(1)
    (execution,) = api.start(api.workflow(run_code(code), later | {"name": "later"}), [contact])
    assert eventually(lambda: api.ended(execution))
    assert api.contact(contact)["tags"] == ["200 answered 200"]
    with Providers(stack.simulator_url) as providers:
        (request,) = providers.received("sink", name)
    called, _ = api.log(execution)
    assert request["details"]["headers"]["idempotency-key"] == called["id"]


def test_a_script_that_fails_says_where(stack: Stack, account: Account) -> None:
    """R5.4: the log has the message, the line and the console."""
    api = Customer(account.http())
    workflow = api.workflow(run_code("console.log('here');\nnothing.at_all;"))
    (execution,) = api.start(workflow, api.people(1))
    assert eventually(lambda: api.ended(execution))
    (called,) = api.log(execution)
    assert called["error"]["message"] == (
        "the code failed in line 2, column 1: ReferenceError: nothing is not defined; console: here"
    )
