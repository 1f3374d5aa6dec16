"""A Facebook page of an account, and the people on it."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from devstack.stack import Stack
from tests.support.e2e_rest import Customer, Json, ok


class FacebookPage:
    """A page that the account is connected to; the simulator plays Meta."""

    def __init__(self, stack: Stack, api: Customer, account: UUID) -> None:
        self.api = api
        self.facebook_id = str(uuid4().int)[:15]
        secret = {"page_id": self.facebook_id, "access_token": "EAAB-x", "app_secret": "s3cret"}
        self.api.put("credentials/facebook_page?name=shop", secret)
        page = {"name": "Shop", "facebook_page_id": self.facebook_id, "credential": "shop"}
        self.id: str = self.api.post("messenger-pages", page)["id"]
        self._simulator = stack.simulator_url
        url = f"{stack.gateway_url}/inbound/meta/{account}"
        self._post("webhooks/meta", {"page_id": self.facebook_id, "url": url})

    def _post(self, path: str, body: Json) -> Any:
        return ok(httpx.post(f"{self._simulator}/{path}", json=body, trust_env=False)).json()

    def write(self, psid: str, text: str, **more: Any) -> None:
        """What a person does on the page."""
        said = {"page_id": self.facebook_id, "psid": psid, "text": text, **more}
        self._post("incoming/messenger", said)

    def people(self) -> list[Json]:
        """Everybody whom the page knows."""
        path = "messenger-identities"
        return list(self.api.items(path, "messenger_identities", messenger_page_id=self.id))
