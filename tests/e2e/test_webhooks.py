"""A webhook from its call to the use of its answer, before a receiver that knows only the docs."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from uuid import uuid4

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, tag, webhook
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually


def signature(secret: str, request: Json) -> str:
    """Of a request as https://www.standardwebhooks.com describes it."""
    headers = request["details"]["headers"]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{request['text']}"
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest()).decode()


def test_webhook_action(stack: Stack, account: Account) -> None:
    """R5.3, AC-040: the request is made and retried, its answer is there for later steps."""
    api = Customer(account.http())
    first, second = (api.post("credentials/webhook_signing/rotate")["secret"] for _ in range(2))
    name = f"hook-{uuid4().hex}"
    hook = webhook(f"{stack.simulator_url}/sink/{name}", store_response=True)
    later = tag("got {{ steps.hook.response.name }} for {{ steps.hook.response.body.contact }}")
    (contact,) = api.people(1)
    with Providers(stack.simulator_url) as providers:
        # The receiver has the first request, and we never hear of it.
        providers.misbehave("sink", "accept_then_reset", to=name, count=1)
        (execution,) = api.start(api.workflow(hook, later | {"name": "later"}), [contact])
        assert eventually(lambda: api.ended(execution))
        requests = providers.received("sink", name)
    assert api.contact(contact)["tags"] == [f"got {name} for {contact}"]
    called, _ = api.log(execution)
    assert len(called["attempts"]) == 2
    assert len(requests) == 2
    keys = {request["details"]["headers"]["idempotency-key"] for request in requests}
    assert keys == {request["details"]["headers"]["webhook-id"] for request in requests}
    assert len(keys) == 1
    for request in requests:
        given = request["details"]["headers"]["webhook-signature"]
        assert given == f"{signature(second, request)} {signature(first, request)}"
