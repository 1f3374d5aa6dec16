"""REST and server-sent events for browsers and scripts; behind it, gRPC only and no state."""

from typing import Final

# Of the REST interface, as /openapi.json shows it.
VERSION: Final = "1.0.0"
