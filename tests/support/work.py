"""What tests of tasks, notes, notifications and courses need."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from action_service.domain.plan import Json
from common.ids import new_id
from tests.support.effects import Outcome, run
from tests.support.engine import Bench, Seeded, Step


async def step(
    bench: Bench, home: Seeded, action_type: str, config: dict[str, Any], *, contact: int = 0
) -> Outcome:
    """What the only step of a workflow comes to, for one of the account's contacts."""
    seeded = await bench.seed([Step(action_type, config)], contacts=0, account_id=home.account_id)
    (outcome,) = await run(bench, replace(seeded, contact_ids=[home.contact_ids[contact]]))
    return outcome


async def own(bench: Bench, contact_id: str, user_id: str) -> None:
    """Makes the user the contact's owner."""
    await bench.execute(
        "UPDATE contacts SET owner_id = CAST(:owner AS uuid) WHERE id = CAST(:id AS uuid)",
        owner=user_id,
        id=contact_id,
    )


async def reach(
    bench: Bench, contact_id: str, *, email: str | None = None, phone: str | None = None
) -> None:
    """Gives the contact an address."""
    await bench.execute(
        "UPDATE contacts SET email = :email, phone = :phone WHERE id = CAST(:id AS uuid)",
        email=email,
        phone=phone,
        id=contact_id,
    )


async def add_course(
    bench: Bench, account_id: str, *, subject: str = "", template_id: str | None = None
) -> str:
    """A course called Baking."""
    course_id = str(new_id())
    await bench.execute(
        "INSERT INTO courses (id, account_id, name, welcome_subject, welcome_template_id)"
        " VALUES (:id, :account, 'Baking', :subject, CAST(:template AS uuid))",
        id=course_id,
        account=account_id,
        subject=subject,
        template=template_id,
    )
    return course_id


async def add_template(bench: Bench, account_id: str, html: str) -> str:
    """An email template."""
    template_id = str(new_id())
    await bench.execute(
        "INSERT INTO email_templates (id, account_id, name, html_body)"
        " VALUES (:id, :account, :name, :html)",
        id=template_id,
        account=account_id,
        name=f"Template {template_id}",
        html=html,
    )
    return template_id


def instant(text: Json) -> datetime:
    """An instant in a step's output."""
    assert isinstance(text, str)
    return datetime.fromisoformat(text)
