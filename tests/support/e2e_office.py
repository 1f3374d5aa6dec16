"""An account with people, a pipeline, campaigns and courses: all that record actions work upon."""

from collections.abc import Generator
from contextlib import contextmanager
from csv import DictReader
from dataclasses import dataclass

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, Json, ok, wait
from tests.support.e2e_simulator import Providers
from tests.support.foreground import eventually


@dataclass(frozen=True)
class Office:
    """Records of an account, as the API showed them when they were made."""

    api: Customer
    providers: Providers
    # In every address, so that each message in an inbox shared with others can be told.
    mark: str
    users: dict[str, Json]
    team: str
    sales: Json
    newsletter: Json
    trial: Json
    basics: str
    advanced: str

    def address(self, name: str) -> str:
        """An email address that nobody else has."""
        return f"{name.lower()}-{self.mark}@example.com"

    def stage(self, name: str) -> str:
        """The id of a stage of the pipeline."""
        return next(stage["id"] for stage in self.sales["stages"] if stage["name"] == name)

    def of(self, path: str, **filters: str) -> list[Json]:
        """The records of a collection, as `tasks`, that the filters keep."""
        return list(self.api.items(path, path.rpartition("/")[2].replace("-", "_"), **filters))

    def imported(self, file: str) -> list[Json]:
        """The contacts of a CSV file with emails, in its order, once they are there."""
        api, emails = self.api, [line["email"] for line in DictReader(file.splitlines())]
        answer = api.http.post(
            "/api/v1/contact-imports", content=file, headers={"content-type": "text/csv"}
        )
        path = f"contact-imports/{ok(answer).json()['id']}"
        assert eventually(lambda: api.get(path)["status"] == "completed"), api.get(path)
        assert api.get(path)["created_rows"] == len(emails)
        return [contact for email in emails for contact in self.of("contacts", email=email)]

    def received(self, provider: str, to: str, about: str = "") -> list[Json]:
        """What has been sent to an address with a text in it, once there is something."""

        def found() -> list[Json]:
            messages = self.providers.received(provider, to)
            return [each for each in messages if about in each["text"]]

        assert eventually(lambda: bool(found())), f"nothing has come to {to} by {provider}"
        return found()

    def run(self, workflow: str, *contacts: str) -> list[Json]:
        """The workflow's new executions for these contacts, once they have ended."""
        runs = self.api.start(workflow, contacts)
        assert eventually(lambda: all(map(self.api.ended, runs))), f"{runs} did not end"
        return [self.api.execution(run) for run in runs]

    def log(self, execution: Json) -> dict[str, Json]:
        """The execution's steps by their names."""
        return {step["action_name"]: step for step in self.api.log(execution["id"])}


@contextmanager
def office(stack: Stack) -> Generator[Office]:
    """One in an account of its own."""
    with Account(stack) as account, Providers(stack.simulator_url) as providers:
        yield _opened(Customer(account.http()), providers, account.id.hex[:12])


def _opened(api: Customer, providers: Providers, mark: str) -> Office:
    users = {
        name: api.post(
            "users",
            {
                "name": name,
                "email": f"{name.lower()}-{mark}@example.com",
                "phone": f"+1415556000{number}",
                "role": "sales",
            },
        )
        for number, name in enumerate(("Grace", "Linus"))
    }
    stages = [{"name": "Lead"}, {"name": "Offer"}, {"name": "Won", "outcome": "won"}]
    nurture = api.workflow(wait(1, "hours"))
    return Office(
        api,
        providers,
        mark,
        users,
        team=api.post(
            "teams", {"name": "Sales", "member_ids": [user["id"] for user in users.values()]}
        )["id"],
        sales=api.post("pipelines", {"name": "Sales", "stages": stages}),
        newsletter=api.post(
            "campaigns", {"name": "Newsletter", "steps": [{"name": "Hello"}, {"name": "Offer"}]}
        ),
        trial=api.post("campaigns", {"name": "Trial", "workflow_id": nurture}),
        basics=_course(api, "Basics"),
        advanced=_course(api, "Advanced"),
    )


def _course(api: Customer, name: str) -> str:
    body = {"name": f"About {name}", "html_body": "<p>{{ course.name }} is open</p>"}
    course = {
        "name": name,
        "welcome_subject": "{{ contact.first_name }}, welcome to {{ course.name }}",
        "welcome_template_id": api.post("email-templates", body)["id"],
    }
    return api.post("courses", course)["id"]
