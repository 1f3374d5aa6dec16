"""Effects on records beside the contact: deals, tasks, notes, notifications, campaigns, courses."""

from datetime import timedelta
from typing import Final

from action_service.domain.campaigns import Campaign, Entry, EntryRefusedError, entry
from action_service.domain.course_access import Grant, grant, revoke
from action_service.domain.custom_fields import as_json
from action_service.domain.notifications import Recipient, eligible
from action_service.domain.opportunities import (
    OPPORTUNITY_CREATED,
    STAGE_CHANGED,
    Opportunity,
    Stage,
    moved,
    selected,
)
from action_service.domain.plan import Json
from action_service.domain.retry import ErrorClass
from action_service.engine.effect_configs import (
    SELECTORS,
    nobody_to_notify,
    opportunity_value,
)
from action_service.engine.effects import Applied, AppliedEffect
from common.catalogue.fields import enum_spec
from common.clock import rfc3339
from common.ids import new_id_text
from devstack.seeds.document import Campaign as SeededCampaign
from devstack.seeds.document import Course, User
from devstack.simulate.office import Office, RefusedError, same, when
from devstack.simulate.timeline import Doing
from treadle.catalog.v1 import send_notification_pb2 as notification_pb
from treadle.catalog.v1.add_note_pb2 import NoteType
from treadle.catalog.v1.create_task_pb2 import TaskPriority
from treadle.catalog.v1.grant_course_access_pb2 import AccessLevel

_PRIORITIES: Final = enum_spec(TaskPriority.DESCRIPTOR)
_NOTE_TYPES: Final = enum_spec(NoteType.DESCRIPTOR)
_CHANNELS: Final = enum_spec(notification_pb.NotificationChannel.DESCRIPTOR)
_LEVELS: Final = enum_spec(AccessLevel.DESCRIPTOR)


def create_task(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """A task for a user."""
    config = effect.effect.create_task
    named = config.assignee_id.lower()
    user = office.account.user(named or office.contact.text("owner_id"))
    if named and (user is None or not user.is_active):
        what = f"there is no user {named}" if user is None else f"user {named} is not active"
        raise RefusedError(ErrorClass.INVALID_CONFIG, f"assignee_id: {what}; choose another")
    assignee = user if user is not None and user.is_active else None
    due_at = None
    if config.HasField("due_date_offset"):
        offset = config.due_date_offset
        due_at = effect.now + timedelta(days=offset.days, hours=offset.hours)
        applied.output(effect, due_at=rfc3339(due_at))
    assignee_id = assignee.id if assignee else ""
    applied.output(effect, task_id=new_id_text(), assignee_id=assignee_id)
    whose = f" for {assignee.name}" if assignee else " for nobody yet"
    due = f", due {when(due_at)}" if due_at else ""
    details: dict[str, Json] = {
        "task": config.title,
        "description": config.description,
        "assignee": assignee.name if assignee else "",
        "priority": _PRIORITIES.spelling(config.priority),
    }
    return Doing(f"task {config.title!r}{whose}{due}", same(details))


def add_note(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """A note on the contact."""
    config = effect.effect.add_note
    note_id = new_id_text()
    note_type = _NOTE_TYPES.spelling(config.note_type) or ""
    applied.output(effect, note_id=note_id)
    data: dict[str, Json] = {"note_id": note_id, "note_type": note_type}
    applied.event(effect, "note_added", effect.contact_id, data)
    return Doing(f"note: {config.content}", {"note": config.content})


def create_opportunity(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """An opportunity in a stage."""
    config = effect.effect.create_opportunity
    place, stage = _stage(office, config.pipeline_id, config.stage_id)
    made = Opportunity(
        new_id_text(), config.pipeline_id.lower(), stage.id, stage.outcome, effect.now
    )
    office.made.opportunities[made.id] = made
    told: dict[str, Json] = {
        "opportunity_id": made.id,
        "pipeline_id": made.pipeline_id,
        "stage_id": made.stage_id,
        "currency": config.currency or office.account.settings.currency,
    }
    value = opportunity_value(config)
    if value is not None:
        told["value"] = as_json(value)
    applied.output(effect, **told)
    applied.event(effect, OPPORTUNITY_CREATED, effect.contact_id, told)
    worth = "" if value is None else f", {told['value']} {told['currency']}"
    return Doing(f"opportunity {config.name!r} in {place}{worth}", {"opportunity": config.name})


def move_pipeline_stage(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """An opportunity of this run goes to another stage."""
    config = effect.effect.move_pipeline_stage
    place, stage = _stage(office, config.pipeline_id, config.stage_id)
    opportunity_id = config.opportunity_id.strip().lower()
    before = selected(
        office.made.opportunities.values(),
        SELECTORS[config.opportunity_selector],
        pipeline_id=config.pipeline_id.lower(),
        opportunity_id=opportunity_id,
    )
    if before is None:
        pipeline = place.partition(" / ")[0]
        why = (
            f"opportunity_id: the contact has no opportunity {opportunity_id}"
            if opportunity_id
            else f"the contact has no opportunity in the pipeline {pipeline}; create one first"
        )
        raise RefusedError(ErrorClass.REJECTED, why)
    after = moved(before, config.pipeline_id.lower(), stage, now=effect.now)
    office.made.opportunities[after.id] = after
    ids: dict[str, Json] = {
        "opportunity_id": after.id,
        "previous_stage_id": before.stage_id,
        "stage_id": after.stage_id,
    }
    applied.output(effect, **ids, moved=after is not before)
    if after is before:
        return Doing(f"the opportunity is in {place} already")
    data = ids | {"pipeline_id": after.pipeline_id, "status": after.status}
    applied.event(effect, STAGE_CHANGED, effect.contact_id, data)
    return Doing(f"opportunity moved to {place}", {"stage": place})


def send_notification(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """Users are notified; their emails and SMS are told of, and not walked through."""
    config = effect.effect.send_notification
    users = eligible(_notified(office, effect))
    if not users:
        raise RefusedError(ErrorClass.REJECTED, nobody_to_notify(config))
    ids: list[Json] = [new_id_text() for _ in users]
    user_ids: list[Json] = [user.id for user in users]
    applied.output(effect, notification_ids=ids, user_ids=user_ids)
    channels = [_CHANNELS.spelling(channel) or "" for channel in dict.fromkeys(config.channels)]
    names = ", ".join(user.name for user in users)
    details: dict[str, Json] = {"notification": config.title, "text": config.message}
    return Doing(f"notification to {names} ({', '.join(channels)}): {config.title}", details)


def add_to_campaign(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """The contact is enrolled; the run that this starts is told of."""
    config = effect.effect.add_to_campaign
    campaign_id, campaign = _campaign(office, config.campaign_id)
    present = office.made.enrollments.get(campaign_id)
    state = Campaign(
        campaign.name,
        campaign.is_active is not False,
        campaign.enrollment_limit,
        len(office.made.enrollments),
    )
    try:
        decision = entry(
            state, is_enrolled=present is not None, skip_if_enrolled=config.skip_if_enrolled
        )
    except EntryRefusedError as error:
        raise RefusedError(ErrorClass.REJECTED, str(error)) from None
    stays = decision is Entry.STAY and present is not None
    enrollment_id = present if stays and present else new_id_text()
    office.made.enrollments[campaign_id] = enrollment_id
    run: dict[str, Json] = {"execution_id": new_id_text()} if campaign.workflow else {}
    applied.output(
        effect, enrollment_id=enrollment_id, campaign_id=campaign_id, enrolled=not stays, **run
    )
    if stays:
        return Doing(f"is in the campaign {campaign.name} already")
    behind = (
        f"; a run of {campaign.workflow} starts, which is not simulated"
        if campaign.workflow
        else ""
    )
    return Doing(f"enrolled in the campaign {campaign.name}{behind}", {"campaign": campaign.name})


def remove_from_campaign(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """The enrolment ends."""
    campaign_id, campaign = _campaign(office, effect.effect.remove_from_campaign.campaign_id)
    enrollment_id = office.made.enrollments.pop(campaign_id, None)
    applied.output(effect, removed=enrollment_id is not None)
    if enrollment_id is None:
        return Doing(f"is not in the campaign {campaign.name}")
    applied.output(effect, enrollment_id=enrollment_id)
    return Doing(f"removed from the campaign {campaign.name}", {"campaign_left": campaign.name})


def grant_course_access(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """Access begins or changes."""
    config = effect.effect.grant_course_access
    course_id, course = _course(office, config.course_id)
    held = office.made.accesses.get(course_id)
    level = _LEVELS.spelling(config.access_level) or ""
    lasting = timedelta(days=config.duration_days) if config.HasField("duration_days") else None
    granted = grant(
        held[1] if held else None, Grant(level, config.drip_content, lasting), effect.now
    )
    access_id = held[0] if held else new_id_text()
    office.made.accesses[course_id] = access_id, granted.access
    applied.output(effect, access_id=access_id, course_id=course_id, granted=granted.changed)
    if (expires_at := granted.access.expires_at) is not None:
        applied.output(effect, expires_at=rfc3339(expires_at))
    if not granted.changed:
        return Doing(f"has access to the course {course.name} already")
    data: dict[str, Json] = {"course_id": course_id, "access_id": access_id, "access_level": level}
    applied.event(effect, "access_granted", effect.contact_id, data)
    until = f" until {when(expires_at)}" if expires_at else ""
    welcome = ", with an email of welcome" if granted.begins and config.send_welcome else ""
    return Doing(f"access to the course {course.name}{until}{welcome}", {"course": course.name})


def revoke_course_access(office: Office, effect: AppliedEffect, applied: Applied) -> Doing:
    """Access ends."""
    config = effect.effect.revoke_course_access
    course_id, course = _course(office, config.course_id)
    held = office.made.accesses.get(course_id)
    revoked = revoke(held[1] if held else None, config.revocation_reason, effect.now)
    applied.output(effect, access_id=held[0] if held else "", revoked=revoked is not None)
    if held is None or revoked is None:
        return Doing(f"has no access to the course {course.name} that could be taken away")
    office.made.accesses[course_id] = held[0], revoked
    data: dict[str, Json] = {
        "course_id": course_id,
        "access_id": held[0],
        "access_level": revoked.level,
    }
    applied.event(effect, "access_revoked", effect.contact_id, data)
    return Doing(f"no more access to the course {course.name}", {"course_lost": course.name})


def _stage(office: Office, pipeline_id: str, stage_id: str) -> tuple[str, Stage]:
    """Where an opportunity is to be, in words, and the stage."""
    found = office.account.stages(pipeline_id.lower())
    if found is None:
        why = f"pipeline_id: there is no pipeline {pipeline_id}; choose another one"
        raise RefusedError(ErrorClass.INVALID_CONFIG, why)
    name, stages, names = found
    stage = stages.get(stage_id.lower()) if stage_id else next(iter(stages.values()), None)
    if stage is None:
        why = f"stage_id: there is no stage {stage_id} in the pipeline {name}; choose another one"
        raise RefusedError(ErrorClass.INVALID_CONFIG, why)
    return f"{name} / {names[stage.id]}", stage


def _notified(office: Office, effect: AppliedEffect) -> list[Recipient]:
    config, account = effect.effect.send_notification, office.account
    match config.recipient_type:
        case notification_pb.RECIPIENT_TYPE_CONTACT_OWNER:
            found = [account.user(office.contact.text("owner_id"))]
        case notification_pb.RECIPIENT_TYPE_TEAM:
            found = list(account.users(config.team_id))
        case notification_pb.RECIPIENT_TYPE_ROLE:
            users = (each for each in account.entries("users") if isinstance(each, User))
            named = [user.name for user in users if user.role == config.role]
            found = [account.user(account.id_of("users", name)) for name in named]
        case _:
            found = [account.user(user_id) for user_id in config.recipient_ids]
    return [user for user in found if user is not None]


def _campaign(office: Office, campaign_id: str) -> tuple[str, SeededCampaign]:
    found = office.account.entry("campaigns", campaign_id)
    if not isinstance(found, SeededCampaign):
        why = f"campaign_id: there is no campaign {campaign_id}; choose another one"
        raise RefusedError(ErrorClass.INVALID_CONFIG, why)
    return campaign_id.lower(), found


def _course(office: Office, course_id: str) -> tuple[str, Course]:
    found = office.account.entry("courses", course_id)
    if not isinstance(found, Course):
        why = f"course_id: there is no course {course_id}; choose another"
        raise RefusedError(ErrorClass.INVALID_CONFIG, why)
    return course_id.lower(), found
