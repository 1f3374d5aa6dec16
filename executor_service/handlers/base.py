"""The two kinds of handlers.

An effect handler is a pure function from a rendered configuration to an outcome: a whole batch of
its tasks runs in one go, without a coroutine per task. An I/O handler first prepares (everything
that can fail without having done anything: missing data, quiet hours, templates, attachments) and
then hands back the one call that acts, so that the claim in the ledger, which also knows who must
not be reached, comes right between the two.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from google.protobuf.message import Message

from executor_service.domain.outcome import Outcome
from executor_service.recipients import Recipient
from treadle.dispatch.v1.task_pb2 import ActionTask, Sent

ConfigT = TypeVar("ConfigT", bound=Message)

# The act itself; awaited once.
Call: TypeAlias = Callable[[], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Send:
    """A call that reaches somebody: the claim is granted only when they may be reached."""

    to: Recipient
    call: Call
    # What is handed over, for those who have to find out what became of it.
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class Step(Generic[ConfigT]):
    """An attempt as an I/O handler sees it: the task, its configuration rendered, the context."""

    task: ActionTask
    config: ConfigT
    context: Mapping[str, object]

    @property
    def key(self) -> str:
        """The same over all attempts at the step: what its idempotency keys are made from."""
        return step_key(self.task)

    def context_text(self, root: str, name: str) -> str:
        """A text of the context, such as `contact.email`; empty when it is missing or no text."""
        values = self.context.get(root)
        if not isinstance(values, Mapping):
            return ""
        value = cast("Mapping[str, object]", values).get(name)
        return value.strip() if isinstance(value, str) else ""

    def reference(self) -> dict[str, str]:
        """Ids that go with a message to its provider, so that its events find their step again."""
        task = self.task
        return {
            "account_id": task.account_id,
            "execution_id": task.execution_id,
            "action_execution_id": task.action_execution_id,
            "attempt_id": task.attempt_id,
            "contact_id": task.contact_id,
        }


def step_key(task: ActionTask) -> str:
    """See Step.key."""
    return task.step_key or task.action_execution_id


class EffectHandler(ABC, Generic[ConfigT]):
    """Changes only our own records, by effects that the engine commits with the step."""

    @abstractmethod
    def apply(self, task: ActionTask, config: ConfigT) -> Outcome:
        """The outcome; `config` is rendered. No I/O, no clock, no state."""


class IoHandler(ABC, Generic[ConfigT]):
    """Calls another system. Parameters of `__init__` are ports, filled in by `bootstrap`."""

    @abstractmethod
    async def prepare(self, step: Step[ConfigT]) -> Outcome | Call | Send:
        """An outcome when there is nothing to call, else the call; nothing has been done yet.

        What reaches a person is a Send.
        """

    @abstractmethod
    def peer(self, config: ConfigT) -> str:
        """Whom the call goes to, as limits and circuits know them; empty for nobody outside."""


Handler: TypeAlias = EffectHandler[Any] | IoHandler[Any]
HandlerClass: TypeAlias = type[EffectHandler[Any]] | type[IoHandler[Any]]
