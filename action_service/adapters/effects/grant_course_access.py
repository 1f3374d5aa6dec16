"""SPEC-WFL-003 R6.1: the contact is given access to a course, and welcomed when it begins."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import orjson

from action_service.adapters.context_store import load_accounts, load_people
from action_service.adapters.deliveries import NewDelivery, bring_about
from action_service.adapters.driver import Driver
from action_service.adapters.effects.course_accesses import (
    Course,
    CourseAccesses,
    Held,
    event_data,
)
from action_service.domain.course_access import Grant, grant
from action_service.domain.deliveries import Channel
from action_service.domain.plan import Json
from action_service.engine.deliveries import Delivery
from action_service.engine.effects import Applied, AppliedEffect
from common.clock import rfc3339
from common.ids import new_id_text
from treadle.catalog.v1.grant_course_access_pb2 import AccessLevel, GrantCourseAccessConfig

# Of courses that have none of their own.
_SUBJECT = "Welcome to {{ course.name }}"
_BODY = """\
Hello {{ contact.first_name | default: "there" }},

you now have access to {{ course.name }}."""


class _Welcome(NamedTuple):
    """Access that begins, to be told to the contact."""

    effect: AppliedEffect
    course: Course
    held: Held


async def apply(connection: Driver, effects: Sequence[AppliedEffect], applied: Applied) -> None:
    """Grants the accesses; those who had just that keep it."""
    wanted = [(effect, effect.effect.grant_course_access.course_id.lower()) for effect in effects]
    accesses = await CourseAccesses.of(connection, wanted)
    welcomes: list[_Welcome] = []
    for effect, course_id in wanted:
        config = effect.effect.grant_course_access
        course = accesses.course(effect, course_id, applied)
        if course is None:
            continue
        held = accesses.get(effect, course)
        granted = grant(held and held.access, _grant(config), effect.now)
        if held is None or granted.changed:
            held = accesses.put(effect, course, granted.access)
            applied.event(effect, "access_granted", effect.contact_id, event_data(course, held))
        if granted.begins and config.send_welcome:
            welcomes.append(_Welcome(effect, course, held))
        applied.output(effect, access_id=held.id, course_id=course.id, granted=granted.changed)
        if (expires_at := granted.access.expires_at) is not None:
            applied.output(effect, expires_at=rfc3339(expires_at))
    await accesses.write(connection)
    if welcomes:
        await _welcome(connection, welcomes, applied)


def _grant(config: GrantCourseAccessConfig) -> Grant:
    lasting = config.HasField("duration_days")
    return Grant(
        level=AccessLevel.Name(config.access_level).removeprefix("ACCESS_LEVEL_").lower(),
        drip_content=config.drip_content,
        duration=timedelta(days=config.duration_days) if lasting else None,
    )


async def _welcome(connection: Driver, welcomes: Sequence[_Welcome], applied: Applied) -> None:
    """Has the courses' emails sent, made of what the contacts are as their access begins."""
    contacts, owners = await load_people(connection, {w.effect.contact_id for w in welcomes})
    accounts = await load_accounts(connection, {w.effect.account_id for w in welcomes})
    deliveries: list[NewDelivery] = []
    for welcome in welcomes:
        effect, course = welcome.effect, welcome.course
        contact = contacts[effect.contact_id]
        plan = await applied.plan(effect.at.version_id)
        context: dict[str, Json] = {
            "contact": contact,
            "user": owners[effect.contact_id] or {},
            "account": accounts[effect.account_id],
            "workflow": {"id": effect.workflow_id, "name": plan.workflow_name},
            "execution": {"id": effect.execution_id},
            "course": {"id": course.id, "name": course.name},
        }
        deliveries.append(_delivery(welcome, contact, context))
    await bring_about(connection, deliveries, applied)


def _delivery(
    welcome: _Welcome, contact: Mapping[str, Json], context: Mapping[str, Json]
) -> NewDelivery:
    effect, course, held = welcome
    email = contact["email"]
    names = [contact[name] for name in ("first_name", "last_name")]
    delivery = Delivery(
        id=new_id_text(),
        account_id=effect.account_id,
        contact_id=effect.contact_id,
        action_execution_id=effect.action_execution_id,
        channel=Channel.EMAIL,
        recipient=str(email or ""),
        recipient_name=" ".join(str(name) for name in names if name),
        subject=course.welcome_subject or _SUBJECT,
        body="" if course.welcome_template_id else _BODY,
        template_id=course.welcome_template_id,
        context_json=orjson.dumps(context).decode(),
        attempt_id=new_id_text(),
    )
    skipped = None if email else "the contact has no email address"
    return NewDelivery(delivery, course_access_id=held.id, skipped=skipped)
