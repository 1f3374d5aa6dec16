"""The executor: the real pipeline and handlers, with everything that they ask for within reach."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry

from common.catalogue import catalogue
from common.clock import Clock
from common.egress import GuardedClient
from devstack.sender import POSTAL_ADDRESS
from devstack.simulate.compliance import MemoryLedger
from devstack.simulate.desk import Desk
from devstack.simulate.gateways import (
    PUBLIC_URL,
    Calls,
    Conversations,
    Emails,
    Files,
    ForAll,
    Messenger,
    NoSecrets,
    OpenGate,
    Payments,
    Records,
    SampleLinks,
    Templates,
    TextMessages,
    Web,
)
from devstack.simulate.office import Office
from devstack.simulate.timeline import Doing
from executor_service.attachments import AttachmentFetcher
from executor_service.domain.outcome import Completed, JsonValue
from executor_service.gate import Gate
from executor_service.handlers import categories, discover
from executor_service.handlers.base import EffectHandler
from executor_service.marketing import Imprints
from executor_service.metrics import Metrics
from executor_service.payment_ports import PaymentGateways
from executor_service.pipeline import Action, Pipeline, Stale
from executor_service.ports import (
    CallGateways,
    ConversationSource,
    CredentialStore,
    EmailGateways,
    MessengerGateways,
    RecordSource,
    SmsGateways,
    TemplateSource,
)
from executor_service.secrets import ConfigSecrets
from executor_service.wire import result_of
from executor_service.wiring import Providers, Wiring
from treadle.dispatch.v1.result_pb2 import ActionResult
from treadle.dispatch.v1.task_pb2 import ActionTask

_AT_A_TIME: Final = 8


class SimulatedExecutor:
    """Runs a task at once, at the virtual instant at which it comes."""

    def __init__(
        self,
        office: Office,
        ledger: MemoryLedger,
        desk: Desk,
        clock: Clock,
        outputs: Mapping[str, Mapping[str, JsonValue]],
    ) -> None:
        """`outputs` are, by step, what actions put out that no simulation runs."""
        self._office = office
        self._desk = desk
        self._clock = clock
        self._outputs = outputs
        self._pipeline = Pipeline(
            _actions(Wiring(_providers(office, desk, clock))),
            ledger=ledger,
            gate=Gate(OpenGate(), clock, at_a_time=_AT_A_TIME),
            clock=clock,
            metrics=Metrics(CollectorRegistry()),
        )

    async def run(self, task: ActionTask, step_name: str) -> ActionResult:
        """The answer to a task."""
        job = self._pipeline.job_of(task)
        if job is None:
            return self._unrun(task, step_name)
        self._desk.current = task.action_execution_id
        handler = job.handler
        if isinstance(handler, EffectHandler):
            return self._pipeline.apply(job, handler, task, markup=True)
        result = await self._pipeline.run(job, handler, task)
        if isinstance(result, Stale):
            raise TypeError("the only attempt that there is cannot be stale")
        return result

    def _unrun(self, task: ActionTask, step_name: str) -> ActionResult:
        """The answer to a task that no simulation runs."""
        now, output = self._clock.now(), self._outputs.get(step_name, {})
        words = f"is not run in a simulation; the scenario's outputs.{step_name} is its output"
        self._office.does(task.action_execution_id, Doing(words))
        return result_of(task, Completed(output), started_at=now, finished_at=now)


def calls_providers(action_type: str) -> bool:
    """Whether steps of the type call another system, which may fail."""
    spec = catalogue().get(action_type)
    found = discover([spec.category]).get(action_type) if spec.category in categories() else None
    return found is not None and not issubclass(found, EffectHandler)


def _actions(wiring: Wiring) -> dict[str, Action]:
    """The actions whose handlers have all that they ask for."""
    found: dict[str, Action] = {}
    for action_type, handler_class in discover(categories()).items():
        try:
            handler = wiring.build(handler_class)
        except KeyError:
            continue
        found[action_type] = Action(catalogue().get(action_type), handler)
    return found


def _providers(office: Office, desk: Desk, clock: Clock) -> Providers:
    account, contact, secrets = office.account, office.contact, NoSecrets()
    return {
        Clock: lambda: clock,
        GuardedClient: lambda: Web(desk),
        ConfigSecrets: lambda: ConfigSecrets(secrets, clock),
        CredentialStore: lambda: secrets,
        AttachmentFetcher: Files,
        TemplateSource: lambda: Templates(account),
        Imprints: lambda: Imprints(SampleLinks(), PUBLIC_URL, POSTAL_ADDRESS),
        EmailGateways: lambda: ForAll(Emails(desk)),
        SmsGateways: lambda: ForAll(TextMessages(desk)),
        ConversationSource: lambda: Conversations(account, contact),
        MessengerGateways: lambda: ForAll(Messenger(desk)),
        CallGateways: lambda: ForAll(Calls(desk)),
        RecordSource: lambda: Records(account),
        PaymentGateways: lambda: ForAll(Payments(desk, account.settings.currency)),
    }
