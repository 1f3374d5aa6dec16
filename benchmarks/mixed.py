"""Steps of the mixed workload: what a customer's workflow does, records and providers."""

from collections.abc import Sequence
from uuid import uuid4

from google.protobuf.struct_pb2 import Value

from benchmarks.subject import Subject
from treadle.catalog.v1 import update_contact_pb2, webhook_call_pb2
from treadle.contact.v1 import contact_service_pb2
from treadle.workflow.v1 import action_pb2

_NUMBER = "+14155550100"


def record_configs() -> list[action_pb2.ActionConfig]:
    """The steps that change our own records: a contact, two tags, a number, a note, a task."""
    contact, first, second, points, note, task = (action_pb2.ActionConfig() for _ in range(6))
    contact.create_contact.first_name = "Friend of {{contact.first_name}}"
    first.add_tag.tag_name = "mixed"
    second.add_tag.tag_name = "mixed-{{contact.first_name}}"
    update = points.update_contact
    update.update_mode = update_contact_pb2.UPDATE_MODE_INCREMENT
    update.field_updates.add(field="custom_fields.points", value=Value(number_value=1))
    note.add_note.content = "Met {{contact.first_name}}"
    task.create_task.title = "Call {{contact.first_name}}"
    task.create_task.due_date_offset.days = 1
    return [contact, first, second, points, note, task]


async def provider_configs(subject: Subject) -> Sequence[action_pb2.ActionConfig]:
    """The steps that call others: a webhook, an SMS, an email, all to the simulator."""
    template = await subject.contacts.CreateEmailTemplate(
        contact_service_pb2.CreateEmailTemplateRequest(
            name=f"Mixed {uuid4()}", html_body="<p>Hello {{contact.first_name}}</p>"
        )
    )
    hook, text, letter = (action_pb2.ActionConfig() for _ in range(3))
    hook.webhook_call.url = f"{subject.stack.simulator_url}/sink/mixed"
    hook.webhook_call.method = webhook_call_pb2.HTTP_METHOD_POST
    hook.webhook_call.payload.update({"contact": "{{contact.id}}"})
    text.send_sms.message = "Hello {{contact.first_name}}"
    text.send_sms.from_number = _NUMBER
    text.send_sms.respect_quiet_hours = False
    email = letter.send_email
    email.template_id = template.template.id
    email.subject = "Hello {{contact.first_name}}"
    email.from_name = "Treadle"
    email.from_email = "hello@example.com"
    return [hook, text, letter]
