"""Who writes, as far as an installation for development says it for accounts that do not."""

from typing import Final

POSTAL_ADDRESS: Final = "Treadle development, 1 Loopback Road, Localhost"
