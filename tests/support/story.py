"""A workflow of tags and runs of it: the api on a database where a real engine is at work."""

from typing import Any

from action_service.adapters.ringer import NatsRinger
from tests.support.action_api import Api, Client, tag
from tests.support.engine import Bench
from treadle.contact.v1 import contact_pb2, contact_service_pb2
from treadle.dispatch.v1.task_pb2 import ActionTask
from treadle.execution.v1 import execution_pb2, explanation_pb2
from treadle.execution.v1 import execution_service_pb2 as executions
from treadle.ledger.v1 import ledger_service_pb2 as ledger
from treadle.workflow.v1 import action_service_pb2, workflow_pb2
from treadle.workflow.v1 import workflow_service_pb2 as workflows


class Story:
    """A workflow of tags, and runs of it."""

    def __init__(self, api: Api, client: Client, world: Bench) -> None:
        self.api = api
        self.client = client
        self.world = world
        self.workflow_id = ""
        self.actions: dict[str, str] = {}

    async def begin(self, *names: str) -> None:
        """An active workflow that adds these tags."""
        self.workflow_id = (await self.client.workflow()).id
        for name in names:
            await self.add(name)
        await self.client.activate(self.workflow_id)

    async def begin_with(self, config: dict[str, Any]) -> None:
        """An active workflow of one action, which is named `wait`."""
        self.workflow_id = (await self.client.workflow()).id
        added = await self.client.add(self.workflow_id, config, name="wait")
        self.actions["wait"] = added.id
        await self.client.activate(self.workflow_id)

    async def add(self, name: str, **fields: Any) -> None:
        """One more action."""
        added = await self.client.add(self.workflow_id, tag(name), name=name, **fields)
        self.actions[name] = added.id

    async def delete(self, name: str) -> None:
        """One action less."""
        request = action_service_pb2.DeleteActionRequest(
            workflow_id=self.workflow_id, action_id=self.actions[name]
        )
        await self.client.actions.DeleteAction(request)

    async def change(self, name: str, /, **fields: Any) -> None:
        """An action with other settings."""
        request = action_service_pb2.UpdateActionRequest(
            workflow_id=self.workflow_id, action_id=self.actions[name], **fields
        )
        await self.client.actions.UpdateAction(request)

    async def run(self, number: int = 1) -> list[str]:
        """Runs for new contacts, rung for."""
        contacts = [contact_pb2.Contact(first_name="Ada") for _ in range(number)]
        created = await self.client.contacts.CreateContacts(
            contact_service_pb2.CreateContactsRequest(contacts=contacts)
        )
        started = await self.client.executions.StartExecutions(
            executions.StartExecutionsRequest(
                workflow_id=self.workflow_id, contact_ids=created.contact_ids
            )
        )
        await NatsRinger(self.world.nc, self.world.js).ring(self.api.bell.tasks)
        self.api.bell.tasks.clear()
        return list(started.execution_ids)

    async def pause(self) -> None:
        """The workflow is paused."""
        await self.client.pause(self.workflow_id)

    async def resume(
        self, in_flight: workflow_pb2.InFlight = workflow_pb2.IN_FLIGHT_UNSPECIFIED
    ) -> workflow_pb2.Workflow:
        """The workflow is active again."""
        request = workflows.ResumeWorkflowRequest(workflow_id=self.workflow_id, in_flight=in_flight)
        return (await self.client.workflows.ResumeWorkflow(request)).workflow

    async def execution(self, execution_id: str) -> execution_pb2.Execution:
        """The execution as the API shows it."""
        request = executions.GetExecutionRequest(execution_id=execution_id)
        return (await self.client.executions.GetExecution(request)).execution

    async def explained(self, execution_id: str) -> explanation_pb2.Explanation:
        """Why the execution is where it is."""
        request = executions.ExplainExecutionRequest(execution_id=execution_id)
        return (await self.client.executions.ExplainExecution(request)).explanation

    async def pause_run(self, execution_id: str, reason: str = "") -> execution_pb2.Execution:
        """One run is paused."""
        request = executions.PauseExecutionRequest(execution_id=execution_id, reason=reason)
        return (await self.client.executions.PauseExecution(request)).execution

    async def resume_run(self, execution_id: str) -> execution_pb2.Execution:
        """One run is not paused any more."""
        request = executions.ResumeExecutionRequest(execution_id=execution_id)
        return (await self.client.executions.ResumeExecution(request)).execution

    async def log(self, execution_id: str) -> list[tuple[str, str, str]]:
        """Name, tag and status of each step."""
        request = executions.ListActionExecutionsRequest(execution_id=execution_id)
        answer = await self.client.executions.ListActionExecutions(request)
        return [
            (
                step.action_name,
                str(step.action_config["tag_name"]),
                execution_pb2.ActionExecutionStatus.Name(step.status)
                .removeprefix("ACTION_EXECUTION_STATUS_")
                .lower(),
            )
            for step in answer.action_executions
        ]

    async def settled(self, state: str, count: int = 1) -> None:
        """Waits until so many executions are in the state."""
        await self.world.until(
            f"SELECT count(*) FROM workflow_executions WHERE state = '{state}'", count
        )


async def claimed(story: Story, task: ActionTask) -> list[int]:
    """What an executor hears that wants to make the task's call."""
    executor = await story.api.client("service", subject="service:executor")
    claim = ledger.Claim(
        attempt_id=task.attempt_id,
        action_execution_id=task.action_execution_id,
        account_id=str(story.client.account_id),
    )
    request = ledger.ClaimAttemptsRequest(claims=[claim])
    return list((await executor.ledger.ClaimAttempts(request)).decisions)
