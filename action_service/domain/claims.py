"""Claims of sends that a provider cannot de-duplicate."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Claim:
    """An executor's wish to make the one call of an attempt."""

    attempt_id: UUID
    action_execution_id: UUID
    account_id: UUID


class ClaimDecision(StrEnum):
    """Whether the call may be made."""

    GRANTED = "granted"
    # The call may have been made already.
    ALREADY_CLAIMED = "already_claimed"
    # Another attempt has taken over or will, as the workflow is paused; or the execution has ended.
    STALE = "stale"
