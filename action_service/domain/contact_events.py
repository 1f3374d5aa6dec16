"""What workflows hear of contacts that come to be or change, whoever brought it about."""

from enum import StrEnum

from action_service.domain.changes import Difference
from action_service.domain.contact import ContactValues
from action_service.domain.plan import Json

CONTACT_CREATED = "contact_created"
CONTACT_UPDATED = "contact_updated"
TAG_ADDED = "tag_added"


class EventSource(StrEnum):
    """Where a change of a contact comes from."""

    API = "api"
    IMPORT = "import"
    WORKFLOW = "workflow"


def created_data(source: EventSource, values: ContactValues) -> dict[str, Json]:
    """The data of `contact_created`."""
    return {
        "source": source.value,
        "email": values.email,
        "phone": values.phone,
        "first_name": values.first_name,
        "last_name": values.last_name,
        "custom_fields": dict(values.custom_fields),
    }


def updated_data(source: EventSource, changed: Difference) -> dict[str, Json]:
    """The data of `contact_updated`; custom fields are named `custom_fields.<name>`."""
    changes: dict[str, Json] = {
        name: {"before": before, "after": changed.after.get(name)}
        for name, before in changed.before.items()
    }
    return {"source": source.value, "changes": changes}
