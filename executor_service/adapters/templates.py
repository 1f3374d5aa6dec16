"""Email templates from the contact service, remembered for half a minute.

A campaign sends one template to thousands of contacts; asking for it each time would double the
calls. A change of the template is thus in force after at most that time.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import grpc
from grpc import aio

from common.clock import Clock
from common.errors import ErrorReason
from common.grpc.client import ServiceTokens, bearer
from common.grpc.status import from_rpc_error
from executor_service.ports import EmailTemplate, TemplateNotFoundError
from treadle.contact.v1.contact_service_pb2 import (
    GetEmailTemplateRequest,
    GetEmailTemplateResponse,
)
from treadle.contact.v1.contact_service_pb2_grpc import ContactServiceStub

KEEP: Final = timedelta(seconds=30)
MAX_TEMPLATES: Final = 256

_Key = tuple[str, str]


class TemplateClient:
    """Templates of any account, each read with a token of the executor for that account."""

    def __init__(self, channel: aio.Channel, tokens: ServiceTokens, clock: Clock) -> None:
        self._stub = ContactServiceStub(channel)
        self._tokens = tokens
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[EmailTemplate, datetime]] = OrderedDict()
        self._asked: dict[_Key, asyncio.Task[EmailTemplate]] = {}

    async def get(self, account_id: str, template_id: str) -> EmailTemplate:
        """See `executor_service.ports.TemplateSource`; raises TreadleError when out of reach."""
        key = (account_id, template_id)
        known = self._known.get(key)
        if known is not None and self._clock.now() < known[1]:
            self._known.move_to_end(key)
            return known[0]
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key))
            self._asked[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        # One step that is cut off must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, key: _Key) -> EmailTemplate:
        account_id, template_id = key
        try:
            response: GetEmailTemplateResponse = await self._stub.GetEmailTemplate(
                GetEmailTemplateRequest(template_id=template_id),
                metadata=(bearer(self._tokens.token(UUID(account_id))),),
                wait_for_ready=True,
            )
        except grpc.RpcError as error:
            refusal = from_rpc_error(error)
            if refusal.reason in {ErrorReason.NOT_FOUND, ErrorReason.MALFORMED_REQUEST}:
                raise TemplateNotFoundError(template_id) from error
            raise refusal from error
        template = EmailTemplate(response.template.html_body, response.template.text_body)
        self._known[key] = (template, self._clock.now() + KEEP)
        self._known.move_to_end(key)
        if len(self._known) > MAX_TEMPLATES:
            self._known.popitem(last=False)
        return template

    def _answered(self, key: _Key, task: asyncio.Task[EmailTemplate]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody need wait
