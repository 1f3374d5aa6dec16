"""The body that says how far a contact has come in a course."""

from pydantic import Field

from gateway.models.base import Body, JsonObject, examples


class CourseProgressBody(Body):
    """How far a contact has come."""

    model_config = examples({"progress": {"lessons_done": 3, "last_lesson": "pricing"}})

    progress: JsonObject = Field(description="Replaces all that was kept; an empty object clears.")
