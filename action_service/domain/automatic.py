"""Programs that open emails and follow links by themselves: scanners, previews, scripts.

SendGrid says of an open that a program made it (`sg_machine_open`: mail programs that load every
picture in advance, for privacy). Of clicks it says nothing but the user agent. So only those count
as automatic whose user agent names itself as a program's: most scanners pretend to be browsers, and
cannot be told from people by that. Taking a person for a program would keep a run waiting that
should go on, which is worse than the reverse; so in doubt it is a person.
"""

from typing import Final

# Gateways that check links, previews of links, crawlers: anywhere in the user agent.
_NAMES: Final = (
    "barracuda",
    "ciscosecureemail",
    "mimecast",
    "proofpoint",
    "symantec",
    "trendmicro",
    "bingpreview",
    "discordbot",
    "facebookexternalhit",
    "googlebot",
    "linkedinbot",
    "skypeuripreview",
    "slackbot",
    "telegrambot",
    "twitterbot",
)
# Libraries of scripts, at its beginning.
_LIBRARIES: Final = (
    "aiohttp/",
    "apache-httpclient/",
    "curl/",
    "go-http-client/",
    "java/",
    "python-requests/",
    "python-urllib/",
    "wget/",
)


def is_program(user_agent: str) -> bool:
    """Whether the user agent names itself as a program's that nobody reads with."""
    named = user_agent.strip().lower()
    return named.startswith(_LIBRARIES) or any(name in named for name in _NAMES)
