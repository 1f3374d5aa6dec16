"""What marketing email carries besides its message: the sender's postal address and a way out.

CAN-SPAM (15 U.S.C. 7704) wants a postal address and a visible way to opt out in every such email,
RFC 2369 and RFC 8058 the same way out in headers, by which mail programs show a button. A template
may place address and links itself; what it does not place is appended.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from common.contact_links import ContactLink, LinkKeys
from executor_service.domain.outcome import ErrorClass, Failed
from executor_service.handlers.base import Step
from executor_service.ports import EmailBody
from treadle.catalog.v1.send_email_pb2 import SendEmailConfig

_PREFERENCES = "#preferences"
_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")
_END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imprint:
    """What one marketing email has to show, and the headers that go with it."""

    postal_address: str
    unsubscribe_url: str

    @property
    def preferences_url(self) -> str:
        """The same page, where it asks for more than yes or no."""
        return self.unsubscribe_url + _PREFERENCES

    @property
    def headers(self) -> dict[str, str]:
        """RFC 2369, and RFC 8058 for the request that needs no visit."""
        return {
            "List-Unsubscribe": f"<{self.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def on(self, body: EmailBody) -> EmailBody:
        """The body with whatever its template has not placed; a part that is empty stays so."""
        return EmailBody(
            self._on_html(body.html) if body.html.strip() else body.html,
            self._on_text(body.text) if body.text.strip() else body.text,
        )

    def _on_html(self, markup: str) -> str:
        shown = _COMMENTS.sub("", markup)
        words = html.unescape(_TAGS.sub(" ", shown))
        lines = [
            "<br>".join(html.escape(line) for line in self.postal_address.splitlines())
            if not _contains(words, self.postal_address)
            else "",
            " &middot; ".join(
                # SendGrid would lead the link through a redirect, and count the way out as a click.
                f'<a href="{html.escape(url)}" clicktracking="off">{label}</a>'
                for label, url in self._links_missing_in(shown)
            ),
        ]
        footer = "<br>".join(line for line in lines if line)
        if not footer:
            return markup
        footer = f'<p style="font-size:12px;line-height:1.5">{footer}</p>'
        ends = list(_END_OF_BODY.finditer(markup))
        at = ends[-1].start() if ends else len(markup)
        return markup[:at] + footer + markup[at:]

    def _on_text(self, text: str) -> str:
        lines = [] if _contains(text, self.postal_address) else [self.postal_address]
        lines += [f"{label}: {url}" for label, url in self._links_missing_in(text)]
        return "\n".join([text.rstrip(), "", "-- ", *lines, ""]) if lines else text

    def _links_missing_in(self, shown: str) -> list[tuple[str, str]]:
        # The one URL is the beginning of the other.
        unsubscribe = re.escape(self.unsubscribe_url) + f"(?!{_PREFERENCES})"
        missing: list[tuple[str, str]] = []
        if re.search(unsubscribe, shown) is None:
            missing.append(("Unsubscribe", self.unsubscribe_url))
        if self.preferences_url not in shown:
            missing.append(("Preferences", self.preferences_url))
        return missing


class Imprints:
    """Makes them, where this installation can."""

    def __init__(self, keys: LinkKeys | None, public_url: str, postal_address: str) -> None:
        """`postal_address` is that of accounts that have set none."""
        self._keys = keys
        self._base = public_url.rstrip("/")
        self._postal_address = postal_address

    def links(self, step: Step[SendEmailConfig], address: str) -> dict[str, str]:
        """Where the email's recipient says what they want; empty where that cannot be made."""
        if self._keys is None or not self._base:
            return {}
        task = step.task
        link = ContactLink(
            UUID(task.account_id), UUID(task.contact_id), UUID(task.action_execution_id), address
        )
        url = f"{self._base}/u/{self._keys.seal(link)}"
        return {"unsubscribe_url": url, "preferences_url": url + _PREFERENCES}

    def postal_address(self, step: Step[SendEmailConfig]) -> str:
        """The account's; empty when neither it nor the installation has one."""
        return step.context_text("account", "postal_address") or self._postal_address

    def values(self, step: Step[SendEmailConfig], links: Mapping[str, str]) -> Mapping[str, object]:
        """What the template of an email is rendered with."""
        account = step.context.get("account")
        known = cast("Mapping[str, object] | None", account) or {}
        address = self.postal_address(step)
        return {**step.context, **links, "account": {**known, "postal_address": address}}

    def of(self, step: Step[SendEmailConfig], links: Mapping[str, str]) -> Imprint | Failed:
        """What a marketing email with these links shows; refused where something is missing."""
        if self._keys is None:
            return _missing("TREADLE_LINK_KEY is not set, so there is no link to unsubscribe by")
        if not self._base:
            return _missing(
                "TREADLE_EXECUTOR_PUBLIC_URL is not set, so a link to unsubscribe leads nowhere"
            )
        postal_address = self.postal_address(step)
        if not postal_address:
            return _missing("the account has no postal address: set it with PATCH /api/v1/account")
        return Imprint(postal_address, links["unsubscribe_url"])


def _missing(what: str) -> Failed:
    return Failed(
        ErrorClass.INVALID_CONFIG,
        f"purpose: marketing email must show a postal address and a way to unsubscribe; {what}. "
        "Email that the contact has asked for is sent with the purpose transactional",
    )


def _contains(shown: str, text: str) -> bool:
    return _words(text) in _words(shown)


def _words(text: str) -> str:
    """What is read, however it is broken into lines."""
    return " ".join(re.findall(r"\w+", text.casefold()))
