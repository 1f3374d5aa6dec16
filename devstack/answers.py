"""What the gateway answers, as far as the command line and the demo read it."""

from pydantic import BaseModel, ConfigDict, JsonValue


class Answer(BaseModel):
    """What is read of an answer; the gateway may say more."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Workflow(Answer):
    """A workflow."""

    id: str
    name: str
    status: str
    version: int


class Contact(Answer):
    """A contact."""

    id: str
    email: str | None
    phone: str | None
    first_name: str | None
    last_name: str | None


class StepSummary(Answer):
    """Action executions of one step by status; durations in seconds."""

    action_name: str | None
    action_type: str
    position: int
    pending: int
    scheduled: int
    running: int
    waiting: int
    completed: int
    failed: int
    skipped: int
    cancelled: int
    retries: int
    p50_duration_seconds: float | None
    p99_duration_seconds: float | None
    messages: dict[str, int] = {}
    """Its messages by how far they have come."""


class ExecutionCounts(Answer):
    """Executions by state."""

    running: int
    waiting: int
    paused: int
    completed: int
    failed: int
    cancelled: int

    @property
    def open(self) -> int:
        """Executions that have not ended."""
        return self.running + self.waiting + self.paused

    @property
    def total(self) -> int:
        """All executions there are."""
        return self.open + self.completed + self.failed + self.cancelled


class Summary(Answer):
    """How a workflow's executions stand."""

    executions: ExecutionCounts
    steps: tuple[StepSummary, ...]


class Execution(Answer):
    """One run for one contact."""

    id: str
    contact_id: str
    state: str


class StepError(Answer):
    """Why a step failed."""

    error_class: str
    message: str


class StepLog(Answer):
    """The log of one step of one run. Times are RFC 3339."""

    action_name: str | None
    action_type: str
    position: int
    status: str
    started_at: str | None
    completed_at: str | None
    duration_seconds: float | None
    result: dict[str, JsonValue]
    error: StepError | None
    reason: str | None
    retry_count: int


class ProviderLimit(Answer):
    """How many calls an account may make."""

    per_second: int
    own: bool


class Provider(Answer):
    """How an account's calls to a provider stand. Times are RFC 3339."""

    peer: str
    state: str
    open_until: str | None
    paused_until: str | None
    successes: int
    failures: int
    last_error: str | None
    limit: ProviderLimit


class SendLookup(Answer):
    """A look at a provider."""

    finding: str
    note: str


class UnknownSend(Answer):
    """A message that may or may not have been sent. Times are RFC 3339."""

    id: str
    action_type: str
    channel: str | None
    recipient: str | None
    unknown_at: str
    state: str
    lookups: tuple[SendLookup, ...]
    explanation: str


class ContactImport(Answer):
    """An import of contacts."""

    id: str
    status: str
    total_rows: int
    processed_rows: int
    created_rows: int
    updated_rows: int
    skipped_rows: int
    refused_rows: int
    failure: str | None

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.status in {"pending", "running"}


class RowProblem(Answer):
    """What is wrong with a row; no column when it is the row as a whole."""

    column: str | None
    description: str


class RefusedRow(Answer):
    """A row that was not imported."""

    row_number: int
    problems: tuple[RowProblem, ...]
    values: dict[str, str]
