"""The inbox as a page for people: what was sent, to whom, in the words the contact would read.

Everything shown was written by somebody else, so every value is escaped, and the markup of an email
is shown in a frame that may neither run scripts nor reach the network.
"""

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

import orjson

from devstack.simulator.call import JsonObject, as_object
from devstack.simulator.inbox import Inbox
from devstack.simulator.telling import Telling

PAGE_SIZE = 50
PROVIDERS = {
    "sendgrid": "Email",
    "twilio": "SMS",
    "messenger": "Messenger",
    "twilio_voice": "Call",
    "stripe": "Payment",
    "sink": "Webhook",
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def asset(name: str) -> bytes:
    """A static file of the page."""
    return files("devstack.simulator").joinpath("assets", name).read_bytes()


def render_inbox(
    inbox: Inbox,
    rules: list[JsonObject],
    query: Mapping[str, str],
    telling: Telling | None = None,
) -> str:
    """The list of messages, newest first, with the counts and the failures in force above it."""
    provider = query.get("provider") or None
    to = query.get("to") or None
    offset = int(query["offset"]) if query.get("offset", "").isdecimal() else 0
    page = inbox.page(provider=provider, to=to, offset=offset, limit=PAGE_SIZE, newest_first=True)
    rows = "".join(_row(orjson.loads(item), telling) for item in page.items)
    listing = (
        "<table><thead><tr><th>Time (UTC)<th>Kind<th>To<th>Message<th>Told<th>Step</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        if rows
        else '<p class="empty">Nothing here yet.</p>'
    )
    body = (
        f'<main id="live">{_counts(inbox.summary())}{_failures(rules)}{_wishes(telling)}'
        f"{_tabs(provider, to)}{listing}{_pager(provider, to, offset, page.total)}</main>"
    )
    return _document("Simulator inbox", body, live=True)


def render_message(data: bytes, telling: Telling | None = None) -> str:
    """One message in full."""
    message: JsonObject = orjson.loads(data)
    details = as_object(message["details"]) or {}
    arguments = as_object(message["custom_args"]) or {}
    facts = {
        "To": message["to"],
        "From": _sender(str(details.get("from_name") or ""), str(message["from"])),
        "Received": message["received_at"],
        "Provider": message["provider"],
        "Id": message["id"],
        **{f"{name}": value for name, value in sorted(arguments.items())},
    }
    listed = "".join(f"<dt>{escape(name)}<dd>{escape(str(value))}" for name, value in facts.items())
    parts = [f'<p><a href="/">All messages</a></p><h2>{_title(message)}</h2><dl>{listed}</dl>']
    parts.append(_callbacks(str(message["id"]), telling))
    if message["html"]:
        frame = escape(str(message["html"]), quote=True)
        parts.append(f'<iframe sandbox="" title="Email body" srcdoc="{frame}"></iframe>')
    if message["text"]:
        parts.append(f"<pre>{escape(str(message['text']))}</pre>")
    shown = json.dumps(details, indent=2, ensure_ascii=False)
    parts.append(f"<details><summary>Details</summary><pre>{escape(shown)}</pre></details>")
    title = f"{message['provider']} to {message['to']}"
    return _document(title, f"<main>{''.join(parts)}</main>", live=False)


def _document(title: str, body: str, *, live: bool) -> str:
    script = '<script src="/page.js" defer></script>' if live else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{asset('page.css').decode()}</style>{script}"
        '<header><h1><a href="/">Simulator inbox</a></h1>'
        '<nav><a href="/inbox/summary">summary</a> <a href="/inbox?limit=100">JSON</a> '
        '<a href="/control">failures</a></nav></header>'
        f"{body}</html>"
    )


def _counts(summary: JsonObject) -> str:
    cards = [("accepted", "accepted"), ("unique", "distinct"), ("duplicates", "duplicates")]
    providers = as_object(summary["by_provider"]) or {}
    listed = [(label, summary[name]) for name, label in cards]
    listed += [
        (PROVIDERS.get(name, name), (as_object(tally) or {})["accepted"])
        for name, tally in providers.items()
    ]
    bad = summary["duplicates"] != 0
    return (
        '<ul class="counts">'
        + "".join(
            f"<li{' class=bad' if bad and label == 'duplicates' else ''}>"
            f"<b>{escape(str(value))}</b> {escape(label)}"
            for label, value in listed
        )
        + "</ul>"
    )


def _failures(rules: list[JsonObject]) -> str:
    live = [rule for rule in rules if rule["remaining"] != 0]
    if not live:
        return ""
    words = "; ".join(
        f"{rule['provider']}"
        + (f" to {rule['to']}" if rule["to"] else "")
        + f": {rule['mode']}"
        + (f", {rule['remaining']} more" if rule["remaining"] is not None else "")
        + (f", rate {rule['rate']}" if rule["rate"] != 1 else "")
        for rule in live
    )
    return f'<p class="failing">Told to fail: {escape(words)}</p>'


def _tabs(provider: str | None, to: str | None) -> str:
    links = [_tab("All", None, provider, to)]
    links += [_tab(label, name, provider, to) for name, label in PROVIDERS.items()]
    hidden = f'<input type="hidden" name="provider" value="{escape(provider)}">' if provider else ""
    return (
        f'<div class="bar"><nav class="tabs">{"".join(links)}</nav><form>{hidden}'
        f'<input name="to" value="{escape(to or "")}" placeholder="Recipient, exactly" '
        'aria-label="Recipient"><button>Filter</button></form></div>'
    )


def _tab(label: str, name: str | None, current: str | None, to: str | None) -> str:
    here = ' aria-current="page"' if name == current else ""
    return f'<a href="{_link(name, to)}"{here}>{escape(label)}</a>'


def _link(provider: str | None, to: str | None, offset: int = 0) -> str:
    values = {"provider": provider, "to": to, "offset": offset or None}
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return escape(f"/?{query}" if query else "/")


def _wishes(telling: Telling | None) -> str:
    wishes = telling.outcomes.describe() if telling is not None else []
    live = [wish for wish in wishes if wish["remaining"] != 0]
    if not live:
        return ""
    words = "; ".join(
        f"{wish['provider']}"
        + (f" to {wish['to']}" if wish["to"] else "")
        + f": {wish['outcome']}"
        + (f", {wish['remaining']} more" if wish["remaining"] is not None else "")
        for wish in live
    )
    return f'<p class="failing">Told to end: {escape(words)}</p>'


def _callbacks(message_id: str, telling: Telling | None) -> str:
    """What was posted of a message."""
    records = telling.callbacks.of_message(message_id) if telling is not None else ()
    if not records:
        return ""
    rows = "".join(
        f"<tr><td><time>{escape(record.posted_at.isoformat(timespec='milliseconds'))}</time>"
        f"<td>{escape(record.kind)}<td>{escape(record.url)}"
        f"<td>{'no answer' if record.status is None else record.status}"
        + (f" (try {record.attempt})" if record.attempt > 1 else "")
        + "</tr>"
        for record in records
    )
    return (
        '<table class="callbacks"><thead><tr><th>Posted (UTC)<th>Callback<th>To<th>Answer</tr>'
        f"</thead><tbody>{rows}</tbody></table>"
    )


def _last_told(message_id: str, telling: Telling | None) -> str:
    records = telling.callbacks.of_message(message_id) if telling is not None else ()
    if not records:
        return ""
    last = records[-1]
    good = last.status is not None and last.status < 300
    return f"<span{'' if good else ' class=untaken'}>{escape(last.kind)}</span>"


def _row(message: JsonObject, telling: Telling | None) -> str:
    provider = str(message["provider"])
    excerpt = str(message["text"])[:140] if message["subject"] else ""
    step = str(message["step_key"] or "")
    return (
        f"<tr><td><time>{escape(str(message['received_at'])[11:19])}</time>"
        f'<td><span class="kind {escape(provider)}">{escape(PROVIDERS.get(provider, provider))}'
        f"</span><td>{escape(str(message['to']))}"
        f'<td><a href="/messages/{message["number"]}">{_title(message)}</a>'
        f'<div class="excerpt">{escape(excerpt)}</div>'
        f"<td>{_last_told(str(message['id']), telling)}"
        f'<td><code title="{escape(step)}">{escape(step[-12:])}</code></tr>'
    )


def _sender(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def _title(message: JsonObject) -> str:
    title = str(message["subject"] or message["text"] or "(no text)")
    return escape(title if len(title) <= 90 else title[:89] + "…")


def _pager(provider: str | None, to: str | None, offset: int, total: int) -> str:
    newer = (
        f'<a href="{_link(provider, to, max(offset - PAGE_SIZE, 0))}">newer</a>' if offset else ""
    )
    more = offset + PAGE_SIZE < total
    older = f'<a href="{_link(provider, to, offset + PAGE_SIZE)}">older</a>' if more else ""
    last = min(offset + PAGE_SIZE, total)
    span = f"{offset + 1} to {last} of {total}" if total > offset else f"{total} in all"
    return f'<p class="pager">{newer} {span} {older}</p>'
