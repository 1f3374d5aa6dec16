"""Brings an account to what a seed file says, through the gateway, record by record and by name.

What is not there is created, what differs is changed, what the file does not mention stays. A
second time nothing is left to do.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

from devstack.client import GatewayClient, GatewayError, JsonObject
from devstack.loading import FileError, WorkflowFile, load_workflow, own_references
from devstack.seeds.contacts import missing_tags, put_tags, settle_contact
from devstack.seeds.document import (
    Campaign,
    Course,
    Entry,
    Pipeline,
    Seed,
    SeededWorkflow,
    Team,
    filled_in,
)
from devstack.seeds.records import CannotSeedError, Records

Say: TypeAlias = Callable[[str], None]
E = TypeVar("E", bound=Entry)


def plant(
    client: GatewayClient, seed: Seed, file: Path, known: Mapping[str, str], say: Say
) -> None:
    """Do it, with a line for each record that was touched; `known` are more names for `${…}`.

    Raises FileError that names the place in the file and what to do.
    """
    _Planting(client, seed, file, known, say).run()


class _Planting:
    def __init__(
        self, client: GatewayClient, seed: Seed, file: Path, known: Mapping[str, str], say: Say
    ) -> None:
        self._client = client
        self._seed = seed
        self._file = file
        self._say = say
        self._records = Records(client, known)
        self._unchanged = 0

    def run(self) -> None:
        """Every kind after those that it refers to."""
        seed = self._seed
        self._settle("users", seed.users, _plain)
        self._settle("teams", seed.teams, self._team)
        self._settle("tags", seed.tags, _plain)
        self._settle("custom_fields", seed.custom_fields, _plain)
        self._settle("email_templates", seed.email_templates, _plain)
        self._settle("pipelines", seed.pipelines, self._pipeline)
        self._settle("courses", seed.courses, self._course)
        self._settle("messenger_pages", seed.messenger_pages, _plain)
        self._settle("audio_files", seed.audio_files, _plain)
        # A workflow's actions may name a campaign that the workflow is to back: first all
        # campaigns are there, then they are complete.
        self._each("campaigns", seed.campaigns, self._bare_campaign)
        self._each("workflows", seed.workflows, self._workflow)
        self._settle("campaigns", seed.campaigns, self._campaign)
        self._each(
            "contacts",
            seed.contacts,
            lambda contact: settle_contact(self._client, contact, self._records),
        )
        self._tag_contacts()
        self._say(f"{self._unchanged} were as they should be")

    def _settle(self, kind: str, entries: Sequence[E], body_of: Callable[[E], JsonObject]) -> None:
        self._each(
            kind, entries, lambda entry: self._records.settle(kind, entry.key, body_of(entry))
        )

    def _each(self, kind: str, entries: Sequence[E], do: Callable[[E], str | None]) -> None:
        """Do each entry; what was done is told, unless it is None."""
        for index, entry in enumerate(entries):
            with self._at(f"{kind}.{index} ({entry.key})"):
                done = do(entry)
            if done:
                self._say(f"{kind.removesuffix('s').replace('_', ' ')} {entry.key}: {done}")
            elif done is not None:
                self._unchanged += 1

    @contextmanager
    def _at(self, place: str) -> Generator[None]:
        try:
            yield
        except (GatewayError, CannotSeedError) as error:
            raise FileError(f"{self._file}: {place}: {error}") from None

    def _team(self, team: Team) -> JsonObject:
        body = _plain(team, "members")
        if team.members is not None:
            body["member_ids"] = [self._records.id_of("users", name) for name in team.members]
        return body

    def _pipeline(self, pipeline: Pipeline) -> JsonObject:
        stages = [_plain(stage) for stage in pipeline.stages]
        return {
            "name": pipeline.name,
            "stages": self._records.with_ids("pipelines", pipeline.name, stages),
        }

    def _course(self, course: Course) -> JsonObject:
        body = _plain(course, "welcome_template")
        if course.welcome_template is not None:
            template = self._records.id_of("email_templates", course.welcome_template)
            body["welcome_template_id"] = template
        return body

    def _bare_campaign(self, campaign: Campaign) -> str | None:
        if self._records.find("campaigns", campaign.name) is not None:
            return None
        body = _plain(campaign, "workflow", "steps")
        body["steps"] = [{"name": step.name} for step in campaign.steps or ()]
        return self._records.settle("campaigns", campaign.name, body)

    def _campaign(self, campaign: Campaign) -> JsonObject:
        body = _plain(campaign, "workflow", "steps")
        if campaign.workflow is not None:
            body["workflow_id"] = self._records.id_of("workflows", campaign.workflow)
        if campaign.steps is not None:
            actions = self._actions(campaign)
            steps: list[JsonObject] = []
            for step in campaign.steps:
                steps.append({"name": step.name})
                if step.action is not None:
                    steps[-1]["action_id"] = _action_id(actions, campaign, step.action)
            body["steps"] = self._records.with_ids("campaigns", campaign.name, steps)
        return body

    def _actions(self, campaign: Campaign) -> dict[str, str]:
        """The ids of the named actions of the campaign's workflow."""
        if campaign.workflow is None:
            return {}
        workflow_id = self._records.id_of("workflows", campaign.workflow)
        actions = self._client.records(f"workflows/{workflow_id}/actions")
        return {str(each["name"]): str(each["id"]) for each in actions if each["name"]}

    def _workflow(self, workflow: SeededWorkflow) -> str:
        there = self._records.find("workflows", workflow.name)
        if there is not None:
            if not (workflow.active and there["status"] == "draft"):
                return ""
            self._client.activate(str(there["id"]))
            return "activated"
        content = cast("JsonObject", workflow.model_dump(mode="json"))
        filled = SeededWorkflow.model_validate(filled_in(content, self._resolve))
        made = load_workflow(self._client, WorkflowFile.model_validate(_of_file(filled)))
        try:
            self._start_on_events(made.id, filled)
            status = self._client.activate(made.id).status if workflow.active else made.status
        except GatewayError:
            self._discard(made.id)
            raise
        self._records.add("workflows", {"id": made.id, "name": made.name, "status": status})
        count = sum(1 for _ in workflow.placed_actions)
        return f"created with {count} actions ({status})"

    def _resolve(self, reference: str) -> str:
        """The id of a record; what is the workflow's own has one once the workflow is loaded."""
        as_written = f"${{{reference}}}"
        return as_written if any(own_references(as_written)) else self._records.resolve(reference)

    def _start_on_events(self, workflow_id: str, workflow: SeededWorkflow) -> None:
        if not workflow.triggers and workflow.re_entry is None:
            return
        body: JsonObject = {"triggers": [_plain(trigger) for trigger in workflow.triggers]}
        if workflow.re_entry is not None:
            body["re_entry"] = workflow.re_entry
        self._client.replace(f"workflows/{workflow_id}/triggers", body)

    def _discard(self, workflow_id: str) -> None:
        """Put a half-made workflow aside, so that a second run makes it anew."""
        with suppress(GatewayError):
            self._client.archive(workflow_id)

    def _tag_contacts(self) -> None:
        tags: dict[str, Sequence[str]] = {}
        for index, contact in enumerate(self._seed.contacts):
            with self._at(f"contacts.{index} ({contact.key})"):
                if missing := missing_tags(self._client, contact):
                    tags[contact.email] = missing
        if tags:
            with self._at("contacts"):
                put_tags(self._client, tags)
            self._say(f"tags put on {len(tags)} contacts")


def _plain(entry: Entry, *but: str) -> JsonObject:
    """The entry's values as the API has them, without those left out."""
    return cast("JsonObject", entry.model_dump(mode="json", exclude_none=True, exclude={*but}))


def _of_file(workflow: SeededWorkflow) -> JsonObject:
    return cast("JsonObject", workflow.model_dump(include=set(WorkflowFile.model_fields)))


def _action_id(actions: Mapping[str, str], campaign: Campaign, name: str) -> str:
    if name in actions:
        return actions[name]
    if campaign.workflow is None:
        raise CannotSeedError(f"the step's action {name!r} needs a workflow; name it")
    known = ", ".join(actions) or "none with a name"
    raise CannotSeedError(f"workflow {campaign.workflow!r} has no action {name!r}, but {known}")
