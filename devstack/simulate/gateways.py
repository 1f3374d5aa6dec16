"""Providers, records and permits as the executor asks for them, all within the process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

import orjson

from action_service.domain.plan import Json
from common.contact_links import ContactLink, LinkKeys
from common.egress import EgressResponse
from common.egress.target import parse_target
from devstack.seeds.document import AudioFile, EmailTemplate, MessengerPage
from devstack.simulate.account import SimulatedAccount
from devstack.simulate.contact import SimulatedContact
from devstack.simulate.desk import Desk, message
from executor_service.attachments import filename_of
from executor_service.domain.calls import CallReport, CallStatus
from executor_service.domain.classify import RefusedError
from executor_service.domain.health import Verdict
from executor_service.domain.outcome import Found
from executor_service.payment_ports import (
    Cancellation,
    Charge,
    NewSubscription,
    Payment,
    Refund,
    RefundMade,
    Subscription,
)
from executor_service.ports import (
    DEFAULT_CREDENTIAL,
    Attachment,
    CallQuestion,
    Conversation,
    Credential,
    Email,
    MessengerMessage,
    MessengerReceipt,
    NewCall,
    PageNotFoundError,
    Permit,
    RecordNotFoundError,
    Sms,
    SmsReceipt,
    Sought,
    TemplateNotFoundError,
)
from executor_service.ports import EmailTemplate as TemplateSources
from treadle.credential.v1.credential_pb2 import Provider

PUBLIC_URL: Final = "https://treadle.example"
_TALK: Final = timedelta(minutes=1)
_SEGMENT: Final = 160

G = TypeVar("G")


class ForAll(Generic[G]):
    """The same gateway for every account and credential."""

    def __init__(self, gateway: G) -> None:
        self._gateway = gateway

    async def of(self, account_id: str, name: str = DEFAULT_CREDENTIAL) -> G:
        """See `Gateways`."""
        return self._gateway


class _Messages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find(self, sought: Sought) -> Sequence[Found]:
        """Nothing is looked for in a simulation."""
        return ()


class Emails(_Messages):
    """An email provider."""

    async def send(self, email: Email) -> str:
        """See EmailGateway."""
        doing = message(
            f"email to {email.to} from {email.from_name} <{email.from_email}>",
            channel="email",
            to=email.to,
            from_email=email.from_email,
            from_name=email.from_name,
            reply_to=email.reply_to,
            subject=email.subject,
            text=email.body.text,
            html=email.body.html,
            attachments=[each.filename for each in email.attachments],
        )
        return self._desk.hand_over(doing)


class TextMessages(_Messages):
    """A provider of text messages."""

    async def send(self, sms: Sms) -> SmsReceipt:
        """See SmsGateway."""
        doing = message(
            f"SMS to {sms.to} from {sms.from_number}",
            channel="sms",
            to=sms.to,
            from_number=sms.from_number,
            text=sms.body,
            media_urls=list(sms.media_urls),
        )
        message_id = self._desk.hand_over(doing)
        return SmsReceipt(message_id, max(1, -(-len(sms.body) // _SEGMENT)))


class Messenger:
    """Messenger, as any page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, message_: MessengerMessage) -> MessengerReceipt:
        """See MessengerGateway."""
        content: dict[str, Json] = dict(message_.content)
        doing = message(
            f"Messenger message to {message_.psid}",
            channel="messenger",
            to=message_.psid,
            message_type=message_.message_type,
            tag=message_.tag,
            content=content,
            text=str(content.get("text", "")),
        )
        message_id = self._desk.hand_over(doing)
        return MessengerReceipt(message_id, message_.psid)


class Calls(_Messages):
    """A provider of telephone calls: they are answered, unless the scenario has the line busy."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._placed: dict[str, tuple[NewCall, bool]] = {}

    async def send(self, request: NewCall | CallQuestion) -> CallReport:
        """See CallGateway."""
        if isinstance(request, CallQuestion):
            return self._ended(request)
        script: dict[str, Json] = dict(request.script)
        doing = message(
            f"call to {request.to} from {request.from_number}",
            channel="call",
            to=request.to,
            from_number=request.from_number,
            script=script,
        )
        call_id = self._desk.hand_over(doing)
        self._placed[call_id] = request, self._desk.is_busy()
        return CallReport(call_id, CallStatus.QUEUED, to=request.to)

    def _ended(self, question: CallQuestion) -> CallReport:
        call, is_busy = self._placed[question.call_id]
        if is_busy:
            return CallReport(question.call_id, CallStatus.BUSY, to=call.to)
        answered_by = "machine_end_beep" if call.machine_detection else "human"
        recording = f"{PUBLIC_URL}/recordings/{question.call_id}" if question.recorded else ""
        return CallReport(
            question.call_id, CallStatus.COMPLETED, call.to, answered_by, _TALK, recording
        )


class Payments:
    """A payment provider that takes what it is asked for."""

    def __init__(self, desk: Desk, currency: str) -> None:
        self._desk = desk
        self._currency = currency

    async def charge(self, charge: Charge) -> Payment:
        """See PaymentGateway."""
        doing = message(
            f"charge of {charge.amount} (smallest units) {charge.currency} to {charge.customer_id}",
            customer_id=charge.customer_id,
            amount=charge.amount,
            currency=charge.currency,
            description=charge.description,
        )
        made = self._desk.hand_over(doing)
        return Payment(
            f"pi_{made}",
            f"ch_{made}",
            "succeeded",
            charge.amount,
            charge.currency,
            charge.customer_id,
            charge.payment_method_id or "pm_simulated",
        )

    async def subscribe(self, subscription: NewSubscription) -> Subscription:
        """See PaymentGateway."""
        doing = message(
            f"subscription of {subscription.customer_id} to {subscription.price_id}",
            customer_id=subscription.customer_id,
            price_id=subscription.price_id,
            quantity=subscription.quantity,
        )
        made = self._desk.hand_over(doing)
        status = "trialing" if subscription.trial_days else "active"
        return _subscription(
            f"sub_{made}",
            status,
            subscription.customer_id,
            subscription.price_id,
            subscription.quantity,
        )

    async def cancel(self, cancellation: Cancellation) -> Subscription:
        """See PaymentGateway."""
        words = "at the end of its period" if cancellation.at_period_end else "now"
        doing = message(
            f"subscription {cancellation.subscription_id} cancelled {words}",
            subscription_id=cancellation.subscription_id,
        )
        self._desk.hand_over(doing)
        status = "active" if cancellation.at_period_end else "canceled"
        return _subscription(
            cancellation.subscription_id, status, at_period_end=cancellation.at_period_end
        )

    async def currency_of(self, payment_intent_id: str) -> str:
        """See PaymentGateway."""
        return self._currency

    async def refund(self, refund: Refund) -> RefundMade:
        """See PaymentGateway."""
        amount = refund.amount or 0
        doing = message(
            f"refund of {refund.amount or 'all that is left'} of {refund.payment_intent_id}",
            payment_intent_id=refund.payment_intent_id,
            amount=amount,
            reason=refund.reason,
        )
        made = self._desk.hand_over(doing)
        return RefundMade(
            f"re_{made}", refund.payment_intent_id, "succeeded", "", amount, self._currency
        )


class Web:
    """In the guarded client's place: what webhooks call answers as the scenario has it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: timedelta,  # noqa: ASYNC109 - the guarded client's signature
        max_bytes: int,
    ) -> EgressResponse:
        """See GuardedClient."""
        parse_target(url)
        body: Json = orjson.loads(content) if content else None
        self._desk.hand_over(message(f"{method} {url}", method=method, url=url, body=body))
        answer = self._desk.answer()
        if answer.status >= 300:
            return EgressResponse(answer.status, {}, b"")
        return EgressResponse(answer.status, {}, orjson.dumps(answer.body))


class Files:
    """In the place of a fetcher of attachments: each file is there, and empty."""

    async def fetch_all(self, urls: Sequence[str]) -> tuple[Attachment, ...]:
        """See AttachmentFetcher."""
        return tuple(Attachment(filename_of(url), "application/octet-stream", b"") for url in urls)


@dataclass(frozen=True, slots=True)
class Records:
    """Records of the account that calls need; `RecordSource`."""

    account: SimulatedAccount

    async def audio_url(self, account_id: str, audio_file_id: str) -> str:
        """See RecordSource."""
        found = self.account.entry("audio_files", audio_file_id)
        if not isinstance(found, AudioFile):
            raise RecordNotFoundError
        return found.url

    async def user_phone(self, account_id: str, user_id: str) -> str:
        """See RecordSource."""
        user = self.account.user(user_id)
        if user is None:
            raise RecordNotFoundError
        return user.phone or ""


@dataclass(frozen=True, slots=True)
class Templates:
    """The email templates of the file; `TemplateSource`."""

    account: SimulatedAccount

    async def get(self, account_id: str, template_id: str) -> TemplateSources:
        """See TemplateSource."""
        found = self.account.entry("email_templates", template_id)
        if not isinstance(found, EmailTemplate):
            raise TemplateNotFoundError
        return TemplateSources(found.html_body, found.text_body or "")


@dataclass(frozen=True, slots=True)
class Conversations:
    """Who has written to which page; `ConversationSource`."""

    account: SimulatedAccount
    contact: SimulatedContact

    async def get(self, account_id: str, page_id: str, contact_id: str) -> Conversation:
        """See ConversationSource."""
        page = self.account.entry("messenger_pages", page_id)
        if not isinstance(page, MessengerPage):
            raise PageNotFoundError
        psid, last = self.contact.conversations.get(page_id.lower(), ("", None))
        credential = page.credential or DEFAULT_CREDENTIAL
        return Conversation(page.facebook_page_id, credential, page.name, psid, last)


class NoSecrets:
    """Configurations of files hold their secrets as they are: there is nothing to open."""

    async def open(self, account_id: str, sealed: tuple[str, ...]) -> Sequence[str]:
        """See SecretStore."""
        raise RefusedError(403, detail="a simulation opens no sealed secrets")

    async def get(
        self, account_id: str, provider: Provider, name: str = DEFAULT_CREDENTIAL
    ) -> Credential | None:
        """See CredentialStore."""
        return None

    def refused(self, credential: Credential) -> None:
        """See CredentialStore."""


class OpenGate:
    """Permits for everything; `Permits`."""

    async def get(self, account_id: str, peer: str) -> Permit:
        """See Permits."""
        return Permit(account_id, peer, 0)

    def settle(self, permit: Permit, verdict: Verdict) -> None:
        """See Permits."""


class SampleLinks(LinkKeys):
    """Links that look like those of marketing email, the same ones every time, and lead nowhere."""

    def __init__(self) -> None:
        super().__init__([bytes(32)])

    def seal(self, link: ContactLink) -> str:
        """A token that speaks for nobody."""
        return "the-contacts-own-link"


def _subscription(
    subscription_id: str,
    status: str,
    customer_id: str = "",
    price_id: str = "",
    quantity: int = 1,
    *,
    at_period_end: bool = False,
) -> Subscription:
    nothing: dict[str, Any] = dict.fromkeys(
        ("current_period_end", "trial_end", "cancel_at", "canceled_at")
    )
    return Subscription(
        subscription_id=subscription_id,
        status=status,
        customer_id=customer_id,
        price_id=price_id,
        quantity=quantity,
        latest_invoice_id="",
        cancel_at_period_end=at_period_end,
        **nothing,
    )
