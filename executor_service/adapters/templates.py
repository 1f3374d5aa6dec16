"""Email templates from the contact service, remembered for half a minute.

A change of a template is thus in force after at most that time.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

import grpc
from grpc import aio

from common.clock import Clock
from common.errors import ErrorReason
from common.grpc.client import ServiceTokens, bearer
from common.grpc.status import from_rpc_error
from common.remembered import Remembered
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
        self._templates = Remembered(self._ask, clock, keep=KEEP, limit=MAX_TEMPLATES)

    async def get(self, account_id: str, template_id: str) -> EmailTemplate:
        """See `executor_service.ports.TemplateSource`; raises TreadleError when out of reach."""
        return await self._templates.get((account_id, template_id))

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
        return EmailTemplate(response.template.html_body, response.template.text_body)
