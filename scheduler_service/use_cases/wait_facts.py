"""What a wait's instant is worked out from, beside its configuration."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import cast

import orjson

from scheduler_service.domain.wait import WaitError
from scheduler_service.domain.zones import ZoneCandidate, ZoneOwner


class WaitFacts:
    """The instant from which the wait counts, and the step's context, parsed when asked for."""

    def __init__(self, ready_at: datetime, context_json: bytes) -> None:
        self.ready_at = ready_at
        self._context_json = context_json

    def zones(self) -> tuple[ZoneCandidate, ZoneCandidate]:
        """The zones that may count, the contact's first."""
        return (
            ZoneCandidate(ZoneOwner.CONTACT, self._value("contact", "timezone")),
            ZoneCandidate(ZoneOwner.ACCOUNT, self._value("account", "timezone")),
        )

    def contact_field(self, name: str) -> object:
        """The contact's field, a built-in one or `custom_fields.<name>`; None when it has none."""
        value: object = self._context.get("contact")
        for part in name.split(".", 1):
            if not isinstance(value, Mapping):
                return None
            value = cast("Mapping[str, object]", value).get(part)
        return value

    def _value(self, root: str, name: str) -> object:
        record = self._context.get(root)
        return (
            cast("Mapping[str, object]", record).get(name) if isinstance(record, Mapping) else None
        )

    @cached_property
    def _context(self) -> Mapping[str, object]:
        if not self._context_json:
            return {}
        try:
            context: object = orjson.loads(self._context_json)
        except orjson.JSONDecodeError:
            raise WaitError("the step's context is not JSON") from None
        return cast("Mapping[str, object]", context) if isinstance(context, Mapping) else {}
