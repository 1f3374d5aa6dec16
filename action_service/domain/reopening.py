"""When an operator may have a failed step tried again, and under which idempotency key.

The execution is opened again where it failed: same version, same step, another attempt. What it
had done stays done. So nothing may have been left unclear about the step, and nobody else may
have taken the execution's place (docs/adr/0022).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from action_service.domain.lifecycle import WorkflowStatus
from action_service.domain.retry import ErrorClass
from action_service.domain.waits import SteeringError, StepState

# For how long Stripe knows an idempotency key, less an hour for the attempt that is to use it.
KEY_REMEMBERED: Final = timedelta(hours=23)
# Failures that say that nothing was carried out.
_NOTHING_DONE: Final = frozenset(
    {
        ErrorClass.REJECTED,
        ErrorClass.RATE_LIMIT,
        ErrorClass.AUTHENTICATION,
        ErrorClass.INVALID_CONFIG,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What an execution has failed with: its last failed step, and what stands around it."""

    step: StepState
    action_id: UUID
    version_id: UUID
    # None when they were erased.
    contact_id: UUID | None
    workflow_status: WorkflowStatus
    # Of the attempts at the step, as they are logged.
    error_classes: Collection[str]
    first_attempt_at: datetime | None
    has_open_unknown_send: bool
    # It was granted the right to send, and failed for a reason that says nothing of the message.
    may_have_sent: bool
    # Of a campaign's run: the contact is in the campaign again, with another run.
    is_enrolled_again: bool
    # Others have taken all places of the campaign since.
    is_campaign_full: bool
    # Of a run that a trigger has started: the contact is in the workflow again, with another run,
    # and the workflow takes nobody twice at a time.
    has_entered_again: bool
    now: datetime


def check_reopening(failure: Failure, *, moves_money: bool) -> None:
    """Raises SteeringError when the step cannot be tried again."""
    if failure.contact_id is None:
        raise SteeringError("its contact was erased: there is nobody to run it for")
    if failure.workflow_status not in {WorkflowStatus.ACTIVE, WorkflowStatus.PAUSED}:
        raise SteeringError(f"its workflow is {failure.workflow_status.value} and runs no more")
    if failure.has_open_unknown_send:
        raise SteeringError(
            "it is not known whether the step's message was sent: resolve that first"
            f" (unknown send {failure.step.attempt_id})"
        )
    if failure.may_have_sent:
        raise SteeringError(
            "something went wrong inside Treadle after its message may have been sent: look at the"
            " provider's log, and start another run if it was not"
        )
    if failure.is_enrolled_again:
        raise SteeringError(
            "the contact has been enrolled in the campaign again since, with a run of its own"
        )
    if failure.is_campaign_full:
        raise SteeringError(
            "its campaign is full by now: raise its enrollment limit or remove contacts from it"
        )
    if failure.has_entered_again:
        raise SteeringError(
            "the contact has entered the workflow again since, with a run of its own; a workflow"
            " whose re-entry is not always takes nobody twice at a time"
        )
    is_unclear = not nothing_done(failure.error_classes)
    began_at = failure.first_attempt_at or failure.now
    if moves_money and is_unclear and failure.now - began_at > KEY_REMEMBERED:
        raise SteeringError(
            "it is unclear whether an attempt has moved money, and Stripe knows the step's"
            " idempotency key no more after 24 hours: look there, and start another run if need be"
        )


def nothing_done(error_classes: Collection[str]) -> bool:
    """Whether all attempts were refused: then the step is tried again under another key.

    The receiver answers what it has refused as it did, for as long as it knows the key. What may
    have been carried out keeps its key, so that it is not carried out twice.
    """
    return _NOTHING_DONE.issuperset(error_classes)
