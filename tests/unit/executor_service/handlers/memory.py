"""What an executor asks the action service for, kept in memory: claims, secrets and records."""

from collections.abc import Sequence

from common.catalogue import SEALED_PREFIX
from common.errors import FieldViolation, invalid
from executor_service.ports import (
    DEFAULT_CREDENTIAL,
    ClaimDecision,
    Conversation,
    Credential,
    EmailTemplate,
    PageNotFoundError,
    RecordNotFoundError,
    Refused,
    TemplateNotFoundError,
)
from executor_service.recipients import Recipient
from treadle.credential.v1.credential_pb2 import Provider, Secret


class MemoryLedger:
    """Grants each attempt once, as the action service does; can be told otherwise."""

    def __init__(self) -> None:
        self.claims: list[str] = []
        self.recipients: list[Recipient | None] = []
        self.decision: ClaimDecision | Refused | None = None
        self.error: Exception | None = None

    async def claim(
        self,
        *,
        attempt_id: str,
        action_execution_id: str,
        account_id: str,
        delivery_id: str = "",
        recipient: Recipient | None = None,
    ) -> ClaimDecision | Refused:
        assert action_execution_id
        assert account_id
        if self.error is not None:
            raise self.error
        again = attempt_id in self.claims
        self.claims.append(attempt_id)
        self.recipients.append(recipient)
        if self.decision is not None:
            return self.decision
        return ClaimDecision.ALREADY_CLAIMED if again else ClaimDecision.GRANTED


class MemoryCredentials:
    """Accounts' own secrets by provider, the same for every account."""

    def __init__(self) -> None:
        self.secrets: dict[Provider, Secret] = {}
        self.error: Exception | None = None
        self.not_taken: list[Credential] = []

    async def get(
        self, account_id: str, provider: Provider, name: str = DEFAULT_CREDENTIAL
    ) -> Credential | None:
        if self.error is not None:
            raise self.error
        secret = self.secrets.get(provider)
        if secret is None:
            return None
        return Credential(account_id, provider, name, str(secret), secret)

    def refused(self, credential: Credential) -> None:
        self.not_taken.append(credential)


class MemorySecrets:
    """Sealed secrets and what they say, the same for every account."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}
        self.error: Exception | None = None

    def seal(self, secret: str) -> str:
        """A sealed form of the secret."""
        sealed = f"{SEALED_PREFIX}v1:1:{len(self.opened)}"
        self.opened[sealed] = secret
        return sealed

    async def open(self, account_id: str, sealed: tuple[str, ...]) -> Sequence[str]:
        assert account_id
        if self.error is not None:
            raise self.error
        try:
            return [self.opened[each] for each in sealed]
        except KeyError:
            raise invalid([FieldViolation("sealed[0]", "is no secret of the account")]) from None


class MemoryTemplates:
    """Email templates by id."""

    def __init__(self) -> None:
        self.templates: dict[str, EmailTemplate] = {}
        self.error: Exception | None = None

    async def get(self, account_id: str, template_id: str) -> EmailTemplate:
        assert account_id
        if self.error is not None:
            raise self.error
        try:
            return self.templates[template_id]
        except KeyError:
            raise TemplateNotFoundError(template_id) from None


class MemoryConversations:
    """Conversations by the id of their page, with any contact."""

    def __init__(self) -> None:
        self.pages: dict[str, Conversation] = {}
        self.error: Exception | None = None

    async def get(self, account_id: str, page_id: str, contact_id: str) -> Conversation:
        assert account_id
        assert contact_id
        if self.error is not None:
            raise self.error
        try:
            return self.pages[page_id]
        except KeyError:
            raise PageNotFoundError(page_id) from None


class MemoryRecords:
    """Addresses of recordings and numbers of users, by id."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.error: Exception | None = None

    async def audio_url(self, account_id: str, audio_file_id: str) -> str:
        return self._get(account_id, audio_file_id)

    async def user_phone(self, account_id: str, user_id: str) -> str:
        return self._get(account_id, user_id)

    def _get(self, account_id: str, record_id: str) -> str:
        assert account_id
        if self.error is not None:
            raise self.error
        try:
            return self.texts[record_id]
        except KeyError:
            raise RecordNotFoundError from None
