"""What TREADLE_DATABASE_URL may say: a libpq URL, of which asyncpg understands these parameters.

asyncpg reads the URL itself, wherever a connection is made. It takes what it does not know for a
setting of the server, which refuses it in words that help nobody; so the URL is checked when the
settings are read. No message repeats any part of it: a password may stand in the wrong place.
"""

import os
from typing import Final
from urllib.parse import parse_qs, urlsplit

_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_KNOWN: Final = (
    "sslmode",
    *_FILES,
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "target_session_attrs",
    "host",
    "port",
)


def check_database_url(url: str) -> str:
    """Returns `url`; raises ValueError with a text that says what is wrong with it."""
    if not url.startswith("postgresql://"):
        raise ValueError("must start with postgresql://")
    query = urlsplit(url).query
    try:
        given = parse_qs(query, strict_parsing=True, keep_blank_values=True) if query else {}
    except ValueError:
        raise ValueError("must have a query of the form name=value&name=value") from None
    if "ssl" in given:
        raise ValueError("has no parameter ssl; sslmode=require is what demands TLS")
    if not given.keys() <= set(_KNOWN):
        raise ValueError(f"has an unknown parameter; known are {', '.join(_KNOWN)}")
    if any(mode not in _MODES for mode in given.get("sslmode", ())):
        raise ValueError(f"must have one of these as sslmode: {', '.join(_MODES)}")
    for name in _FILES:
        if not all(os.access(path, os.R_OK) for path in given.get(name, ())):
            raise ValueError(f"names a file as {name} that cannot be read")
    return url
