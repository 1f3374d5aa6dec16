"""Path and query parameters that several endpoints share."""

from typing import Annotated

from fastapi import Path, Query

from gateway.models.base import UuidText

WorkflowId = Annotated[UuidText, Path()]
ActionId = Annotated[UuidText, Path()]
BranchId = Annotated[UuidText, Path()]
ExecutionId = Annotated[UuidText, Path()]
ContactId = Annotated[UuidText, Path()]
TemplateId = Annotated[UuidText, Path()]
UnknownSendId = Annotated[UuidText, Path()]
WaitId = Annotated[
    UuidText, Path(description="The waiting step's: an entry of the execution's log.")
]
DeadLetterId = Annotated[UuidText, Path()]
AttemptId = Annotated[UuidText, Path()]

PageSize = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
PageToken = Annotated[
    str,
    Query(max_length=2048, description="`next_page_token` of the page before, for the same list."),
]
ActionFilter = Annotated[UuidText | None, Query(description="Keep only this action's.")]
BranchFilter = Annotated[UuidText | None, Query(description="Keep only this branch's actions.")]
WorkflowFilter = Annotated[UuidText | None, Query(description="Keep only this workflow's.")]
ContactFilter = Annotated[UuidText | None, Query(description="Keep only this contact's.")]
ExecutionFilter = Annotated[UuidText | None, Query(description="Keep only this execution's.")]

DEFAULT_PAGE_SIZE = 50
