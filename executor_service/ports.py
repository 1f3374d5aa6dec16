"""What handlers and the pipeline need from the world, as they see it.

Adapters implement these; `bootstrap` chooses them. A call that does not end well raises one of the
`CallError`s of `executor_service.domain.classify`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from executor_service.domain.calls import CallReport
from executor_service.domain.health import Verdict
from executor_service.domain.outcome import Deferred, Found, JsonValue
from executor_service.recipients import Recipient
from treadle.credential.v1.credential_pb2 import Provider, Secret

DEFAULT_CREDENTIAL: Final = "default"

G_co = TypeVar("G_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to attach, whole."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EmailBody:
    """The same in both forms; one of them may be empty."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Email:
    """An email as it is to be sent; `reference` are the ids of what it is sent for."""

    to: str
    subject: str
    from_name: str
    from_email: str
    body: EmailBody
    reference: dict[str, str]
    to_name: str = ""
    reply_to: str = ""
    track_opens: bool = False
    track_clicks: bool = False
    attachments: Sequence[Attachment] = ()
    # Beside those that every email has.
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message as it is to be sent; with `media_urls` it is an MMS."""

    to: str
    from_number: str
    body: str
    media_urls: Sequence[str]
    reference: dict[str, str]


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """The provider took the message."""

    message_id: str
    segments: int


@dataclass(frozen=True, slots=True)
class MessengerMessage:
    """A Messenger message as it is to be sent; ids are Facebook's.

    `metadata` comes back with what Meta tells of it to the page's own apps.
    """

    page_id: str
    psid: str
    messaging_type: str
    tag: str
    message_type: str
    content: Mapping[str, JsonValue]
    metadata: str
    reference: dict[str, str]


@dataclass(frozen=True, slots=True)
class MessengerReceipt:
    """The provider took the message."""

    message_id: str
    recipient_id: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Between a page and a contact; `psid` is empty when the page does not know them."""

    facebook_page_id: str
    credential: str
    page_name: str
    psid: str
    last_message_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewCall:
    """A telephone call to be placed.

    Once it is answered the provider asks our gateway what to do, with `script`: the parameters of
    the address. `ring_timeout` is None for the provider's own.
    """

    to: str
    from_number: str
    script: Mapping[str, str]
    reference: dict[str, str]
    machine_detection: bool = False
    record: bool = False
    ring_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CallQuestion:
    """How does a call stand? With `recorded`, where its recording is too."""

    call_id: str
    reference: dict[str, str]
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """A message that an attempt may have sent, between two instants; what is not known is empty."""

    attempt_id: str
    to: str
    sender: str
    text: str
    after: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """The Liquid sources of an email's body; `text` may be empty."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Credential:
    """With what an account calls a provider; another `etag` means another secret."""

    account_id: str
    provider: Provider
    name: str
    etag: str
    secret: Secret = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The ledger's word that whoever is addressed must not be reached; for the step's log."""

    reason: str


class ClaimDecision(StrEnum):
    """The ledger's word on an attempt (treadle.ledger.v1.ClaimDecision)."""

    GRANTED = "granted"
    ALREADY_CLAIMED = "already_claimed"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call to an account's peer; `epoch` is that of the peer's circuit."""

    account_id: str
    peer: str
    epoch: int


class TemplateNotFoundError(Exception):
    """The account has no such email template."""


class PageNotFoundError(Exception):
    """The account has no such messenger page."""


class RecordNotFoundError(Exception):
    """The account has no such record."""


class Finder(Protocol):
    """A provider that can be asked what it has been sent."""

    async def find(self, sought: Sought, /) -> Sequence[Found]:
        """The messages that may be the one, likeliest first; none when it lists no such message.

        A CallError says that it cannot be told.
        """
        ...


class EmailGateway(Finder, Protocol):
    """An email provider."""

    async def send(self, email: Email, /) -> str:
        """Hands the email over and returns the provider's message id."""
        ...


class SmsGateway(Finder, Protocol):
    """A provider of text messages."""

    async def send(self, sms: Sms, /) -> SmsReceipt:
        """Hands the message over."""
        ...


class MessengerGateway(Protocol):
    """Messenger, as one page."""

    async def send(self, message: MessengerMessage, /) -> MessengerReceipt:
        """Hands the message over; raises WindowClosedError when Meta does not allow it."""
        ...


class CallGateway(Finder, Protocol):
    """A provider of telephone calls."""

    async def send(self, request: NewCall | CallQuestion, /) -> CallReport:
        """Places the call, or asks how it stands."""
        ...


class Gateways(Protocol[G_co]):
    """A provider as each account uses it."""

    async def of(self, account_id: str, name: str = DEFAULT_CREDENTIAL) -> G_co:
        """With the account's own credentials of this name if it has any, else the deployment's.

        Raises TreadleError when that cannot be found out.
        """
        ...


class EmailGateways(Gateways[EmailGateway], Protocol):
    """An email provider as each account uses it."""


class SmsGateways(Gateways[SmsGateway], Protocol):
    """A provider of text messages as each account uses it."""


class MessengerGateways(Gateways[MessengerGateway], Protocol):
    """Messenger as the pages of each account use it."""


class ConversationSource(Protocol):
    """Where it is known who has written to which page."""

    async def get(self, account_id: str, page_id: str, contact_id: str) -> Conversation:
        """As it is now. Raises PageNotFoundError."""
        ...


class CallGateways(Gateways[CallGateway], Protocol):
    """A provider of telephone calls as each account uses it."""


class CredentialStore(Protocol):
    """Where accounts' own credentials come from."""

    async def get(
        self, account_id: str, provider: Provider, name: str = DEFAULT_CREDENTIAL
    ) -> Credential | None:
        """The credential as it is now, give or take a minute; None when the account has none."""
        ...

    def refused(self, credential: Credential) -> None:
        """The provider does not take it."""
        ...


class SecretStore(Protocol):
    """What opens the sealed secrets of configurations."""

    async def open(self, account_id: str, sealed: tuple[str, ...]) -> Sequence[str]:
        """What the secrets of one configuration say, in their order.

        Raises TreadleError; VALIDATION_FAILED when one was not sealed for the account.
        """
        ...


class TemplateSource(Protocol):
    """Where email templates come from."""

    async def get(self, account_id: str, template_id: str) -> EmailTemplate:
        """The template as it is now, give or take a few seconds.

        Raises TemplateNotFoundError.
        """
        ...


class Permits(Protocol):
    """Limits and circuits of calls to providers, shared by all executors."""

    async def get(self, account_id: str, peer: str) -> Permit | Deferred:
        """A permit for one call now, or when to ask again; never raises."""
        ...

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        """Says what became of a permit; each is settled once."""
        ...


class RecordSource(Protocol):
    """Where records come from that calls need, as they are now, give or take half a minute."""

    async def audio_url(self, account_id: str, audio_file_id: str) -> str:
        """Where the recording is fetched. Raises RecordNotFoundError."""
        ...

    async def user_phone(self, account_id: str, user_id: str) -> str:
        """The user's number; empty without one. Raises RecordNotFoundError."""
        ...


class Ledger(Protocol):
    """The record of sends that a provider cannot de-duplicate."""

    async def claim(
        self,
        *,
        attempt_id: str,
        action_execution_id: str,
        account_id: str,
        delivery_id: str = "",
        recipient: Recipient | None = None,
    ) -> ClaimDecision | Refused:
        """Claims the attempt; only after GRANTED may it call its provider.

        `delivery_id` is given for an attempt at a delivery; without a recipient nobody can object.
        """
        ...
