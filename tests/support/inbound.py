"""What providers post, made for tests, and steps whose messages are accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson

from action_service.adapters.provider_events import PostgresProviderEvents
from action_service.use_cases.inbound.events import Provider, Recorded, read_events
from common.ids import new_id_text
from tests.support.action_api import LINKS
from tests.support.effects import events
from tests.support.engine import Bench, HandExecutor, Seeded, Step, result_for
from treadle.dispatch.v1.task_pb2 import ActionTask

EMAIL = Step(
    "send_email",
    {
        "template_id": "550e8400-e29b-41d4-a716-446655440000",
        "subject": "Hello",
        "from_name": "Treadle",
        "from_email": "hello@example.com",
    },
)
SMS = Step("send_sms", {"message": "Hello", "from_number": "+14155550199"})
MESSENGER = Step(
    "send_messenger",
    {
        "page_id": "550e8400-e29b-41d4-a716-446655440000",
        "message_type": "text",
        "content": {"text": "Hello"},
    },
)
CHARGE = Step("charge_customer", {"customer_id": "cus_1", "amount": "49.90", "currency": "EUR"})
TAG = Step("add_tag", {"tag_name": "customer"})


def of_email(message_id: str, kind: str, at: int = 0, **values: object) -> dict[str, Any]:
    """One of SendGrid's events; `at` is in seconds after the first."""
    return {
        "event": kind,
        "email": "ada@example.com",
        "timestamp": 1_700_000_000 + at,
        "sg_event_id": new_id_text(),
        "sg_message_id": f"{message_id}.filterdrecv-1.0",
        **values,
    }


@dataclass
class Providers:
    """Posts to the service as the gateway would, and sees what workflows would hear."""

    bench: Bench
    home: Seeded

    async def post(
        self,
        provider: Provider,
        body: bytes,
        account: str = "",
        *,
        query: str = "",
        of_account_alone: bool = False,
    ) -> Recorded:
        """A request that has been verified."""
        log = PostgresProviderEvents(self.bench.db, LINKS)
        told = read_events(provider, body, query, datetime.now(UTC))
        account_id = UUID(account or self.home.account_id)
        return await log.record(account_id, provider, told, of_account_alone=of_account_alone)

    async def sendgrid(self, *told: dict[str, Any], of_account_alone: bool = False) -> Recorded:
        """A request of SendGrid's."""
        return await self.post(
            Provider.SENDGRID, orjson.dumps(told), of_account_alone=of_account_alone
        )

    async def twilio(self, **form: str) -> Recorded:
        """A request of Twilio's."""
        return await self.post(Provider.TWILIO, urlencode(form).encode())

    async def meta(self, *messaging: dict[str, Any]) -> Recorded:
        """A request of Meta's."""
        page = {"object": "page", "entry": [{"id": "PAGE", "messaging": list(messaging)}]}
        return await self.post(Provider.META, orjson.dumps(page))

    async def stripe(
        self,
        kind: str,
        about: dict[str, Any],
        at: int = 0,
        *,
        event_id: str = "",
        account: str = "",
        of_account_alone: bool = False,
    ) -> Recorded:
        """A request of Stripe's; `at` is in seconds after the first."""
        event = {
            "id": event_id or f"evt_{new_id_text()}",
            "type": kind,
            "created": 1_700_000_000 + at,
            "data": {"object": about},
        }
        body = orjson.dumps(event)
        return await self.post(Provider.STRIPE, body, account, of_account_alone=of_account_alone)

    async def message(self, reference: str) -> tuple[Any, ...]:
        """State, facts, and reason."""
        ((state, known, reason),) = await self.bench.rows(
            "SELECT state, ARRAY(SELECT jsonb_object_keys(times)), reason FROM messages"
            " WHERE provider_message_id = :id",
            id=reference,
        )
        return state, known, reason

    async def heard(self) -> Sequence[tuple[str, dict[str, Any], list[str]]]:
        """Type, data and origin of each event that workflows have heard."""
        # Nobody publishes what the service stores here but the engine's sweep.
        await self.bench.execute("UPDATE event_outbox SET ring_at = now() - interval '1 second'")
        return [(each.type, each.data, list(each.origin)) for each in await events(self.bench)]


async def sending(
    bench: Bench,
    executor: HandExecutor,
    step: Step,
    contacts: int = 1,
    *,
    account_id: str | None = None,
) -> tuple[Seeded, list[ActionTask]]:
    """Executions whose first step sends, and the tasks, not yet answered."""
    home = await bench.seed([step, TAG], contacts=contacts, account_id=account_id)
    await bench.start(home)
    return home, await executor.take(contacts)


async def accepted(executor: HandExecutor, *tasks: ActionTask, reference: str) -> None:
    """Answers that the provider has taken each message, as `<reference><number>`."""
    results = [result_for(task) for task in tasks]
    for number, result in enumerate(results):
        result.completed.output_json = b"{}"
        result.completed.provider_reference = f"{reference}{number}"
    await executor.answer(*results)
