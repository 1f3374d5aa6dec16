"""A gateway before the real api role, and callers who keep records through it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from common.auth import issue_token
from gateway.settings import GatewaySettings
from tests.support.action_api import SECRET, Api, running_api
from tests.support.gateway import running_gateway


@dataclass(frozen=True)
class RecordRest:
    """Callers of one account, and a stranger of another."""

    api: Api
    account_id: UUID
    admin: httpx.AsyncClient
    viewer: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def make(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new record."""
        answer = await self.admin.post(f"/api/v1/{path}", json=dict(body))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def contact(self) -> str:
        """The id of a new contact."""
        made = await self.make("contacts", {"email": f"{uuid4().hex}@example.com"})
        return made["id"]

    async def user(self, name: str = "Grace Hopper") -> str:
        """The id of a new user."""
        return (await self.make("users", {"name": name}))["id"]

    async def pipeline(self) -> dict[str, Any]:
        """A new pipeline of an open stage and one that is won."""
        stages = [{"name": "Lead"}, {"name": "Won", "outcome": "won"}]
        return await self.make("pipelines", {"name": uuid4().hex, "stages": stages})

    async def workflow(self) -> str:
        """The id of a new workflow."""
        return (await self.make("workflows", {"name": "Welcome"}))["id"]

    async def shown(self, path: str, **query: str) -> list[dict[str, Any]]:
        """The records in the first page of a list."""
        answer = await self.admin.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        del page["next_page_token"]
        (records,) = page.values()
        return records

    async def listed(self, path: str, **query: str) -> list[str]:
        """Their ids."""
        return [record["id"] for record in await self.shown(path, **query)]


@asynccontextmanager
async def record_rest(database_url: str) -> AsyncGenerator[RecordRest]:
    """Serve during the block."""
    async with AsyncExitStack() as resources:
        api = await resources.enter_async_context(running_api(database_url))
        settings = GatewaySettings(
            listen="127.0.0.1:0", api_target=api.address, scheduler_target=api.address
        )
        url = await resources.enter_async_context(running_gateway(settings))
        account_id = uuid4()

        async def caller(role: str, account: UUID) -> httpx.AsyncClient:
            token = issue_token(
                SECRET, subject=uuid4(), account_id=account, roles=[role], ttl=timedelta(hours=1)
            )
            headers = {"Authorization": f"Bearer {token}"}
            http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60)
            return await resources.enter_async_context(http)

        yield RecordRest(
            api,
            account_id,
            admin=await caller("admin", account_id),
            viewer=await caller("viewer", account_id),
            stranger=await caller("admin", uuid4()),
        )


def pointers(answer: httpx.Response) -> dict[str, str]:
    """What a body was refused for, by JSON Pointer."""
    assert answer.status_code == 422, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
