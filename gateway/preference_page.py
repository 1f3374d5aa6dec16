"""The page behind the links of marketing email, for people and for any browser.

Plain HTML that needs no script and no other file, so that its policy can forbid everything else. It
names nothing but what the holder of the link knows already.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

# RFC 8058, section 3.1: what mail programs post, and our own button too.
ONE_CLICK: Final = ("List-Unsubscribe", "One-Click")
# Names the preferences that a form shows: of a box without a tick, a browser says nothing.
SHOWN: Final = "shown"

_STYLE: Final = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 34rem; padding: 2rem 1.25rem; font: 1.05rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.15rem; margin-top: 2.5rem; }
fieldset { border: 1px solid; border-radius: .4rem; margin: 1rem 0; padding: .5rem 1rem; }
label { display: block; padding: .35rem 0; }
input { width: 1.15rem; height: 1.15rem; vertical-align: -.15rem; }
button { font: inherit; padding: .6rem 1.4rem; border: 1px solid; border-radius: .4rem; cursor: pointer; }
:focus-visible { outline: 3px solid; outline-offset: 2px; }
"""  # noqa: E501 - one rule a line
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode("ascii")
_HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}
_CHANNELS: Final[Mapping[str, str]] = {
    "email": "Email",
    "sms": "Text messages",
    "voice": "Phone calls",
    "messenger": "Messenger",
}
_PURPOSES: Final[Mapping[str, str]] = {
    "marketing": "News and offers",
    "transactional": "Messages about what I have ordered, booked or asked for",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether messages for one purpose may come by one channel, both by their names in JSON."""

    channel: str
    purpose: str
    wanted: bool
    locked: bool

    @property
    def name(self) -> str:
        """In the form."""
        return f"{self.channel}.{self.purpose}"


def preference_page(
    token: str, *, sender: str, address: str, choices: Iterable[Choice], done: str = ""
) -> Response:
    """What the holder of the link gets to see; `done` says what has just been changed."""
    chosen = list(choices)
    whom = escape(sender) or "the sender of the email"
    said = f'<p role="status"><strong>{escape(done)}</strong></p>' if done else ""
    subscribed = any(c.wanted for c in chosen if c.name == "email.marketing")
    offer = (
        f"<p>Stop news and offers from {whom} to {escape(address)}?</p>"
        f'<form method="post" action="/u/{token}">'
        f'<input type="hidden" name="{ONE_CLICK[0]}" value="{ONE_CLICK[1]}">'
        '<input type="hidden" name="source" value="page">'
        '<button type="submit">Unsubscribe</button></form>'
        if subscribed
        else f"<p>{escape(address)} gets no news and offers from {whom}.</p>"
    )
    fields = "".join(_channel(channel, chosen) for channel in _CHANNELS)
    form = (
        '<h2 id="preferences">What you want to get</h2>'
        f'<form method="post" action="/u/{token}/preferences">{fields}'
        '<button type="submit">Save</button></form>'
    )
    return _page("Email preferences", f"{said}{offer}{form}")


def message_page(status: HTTPStatus, title: str, text: str) -> Response:
    """A page that only says something."""
    return _page(title, f"<p>{escape(text)}</p>", status)


def _channel(channel: str, choices: Iterable[Choice]) -> str:
    boxes = "".join(_box(choice) for choice in choices if choice.channel == channel)
    return f"<fieldset><legend>{_CHANNELS[channel]}</legend>{boxes}</fieldset>" if boxes else ""


def _box(choice: Choice) -> str:
    name = escape(choice.name)
    ticked = " checked" if choice.wanted else ""
    label = _PURPOSES.get(choice.purpose, choice.purpose)
    if choice.locked:
        return f'<label><input type="checkbox" disabled{ticked}> {label} (blocked)</label>'
    return (
        f'<input type="hidden" name="{SHOWN}" value="{name}">'
        f'<label><input type="checkbox" name="{name}" value="on"{ticked}> {label}</label>'
    )


def _page(title: str, body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(page, status, media_type="text/html", headers=_HEADERS)
