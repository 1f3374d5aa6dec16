"""How a seed file reads. `docs/seeds.md` describes it for those who write one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from devstack.loading import FileError, WorkflowFile, problems_of

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
# What `${kind.name}` can name; parts are `${kind.name.parts.name}`.
PARTS: Mapping[str, str] = {"pipelines": "stages", "campaigns": "steps"}
Resolve: TypeAlias = Callable[[str], str]


Said: TypeAlias = Literal["granted", "withdrawn"]


class Entry(BaseModel):
    """A record of the file; what it leaves out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def key(self) -> str:
        """What it is known by."""
        return cast("str", getattr(self, "name", ""))


class User(Entry):
    """A user."""

    name: str
    email: str | None = None
    phone: str | None = None
    role: str | None = None
    is_active: bool | None = None


class Team(Entry):
    """A team; members by name."""

    name: str
    members: tuple[str, ...] | None = None


class Tag(Entry):
    """A tag."""

    name: str
    color: str | None = None


class CustomField(Entry):
    """A declared custom field."""

    name: str
    field_type: Literal["text", "number", "boolean", "date"]
    label: str | None = None


class EmailTemplate(Entry):
    """An email template."""

    id: str | None = None
    name: str
    html_body: str
    text_body: str | None = None


class Stage(Entry):
    """A stage of a pipeline."""

    name: str
    outcome: Literal["open", "won", "lost"] = "open"


class Pipeline(Entry):
    """A pipeline; its stages in order."""

    name: str
    stages: tuple[Stage, ...] = Field(min_length=1)


class Step(Entry):
    """A step of a campaign; the action by its name in the campaign's workflow."""

    name: str
    action: str | None = None


class Campaign(Entry):
    """A campaign; its workflow by name."""

    name: str
    workflow: str | None = None
    enrollment_limit: int | None = None
    is_active: bool | None = None
    steps: tuple[Step, ...] | None = None


class Course(Entry):
    """A course; the template of its welcome email by name."""

    name: str
    description: str | None = None
    welcome_subject: str | None = None
    welcome_template: str | None = None


class MessengerPage(Entry):
    """A Facebook page; its credential is set over the API, never in a file."""

    name: str
    facebook_page_id: str
    credential: str | None = None


class MessengerIdentity(Entry):
    """Who a contact is on a page, which is named."""

    page: str
    psid: str


class AudioFile(Entry):
    """A recording that calls play."""

    name: str
    url: str
    content_type: str
    duration_seconds: float | None = None


class Trigger(Entry):
    """Events that start a workflow."""

    event_type: str
    conditions: tuple[dict[str, JsonValue], ...] = ()


class SeededWorkflow(WorkflowFile, Entry):
    """A workflow: a workflow file within the seed file, and what starts it."""

    triggers: tuple[Trigger, ...] = ()
    re_entry: Literal["once", "after_finished", "always"] | None = None
    active: bool = False


class Contact(Entry):
    """A contact, known by its email; the owner by name."""

    email: str
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = None
    owner: str | None = None
    custom_fields: dict[str, JsonValue] | None = None
    tags: tuple[str, ...] = ()
    messenger: tuple[MessengerIdentity, ...] = ()
    # To marketing.
    email_consent: Said | None = None
    sms_consent: Said | None = None
    voice_consent: Said | None = None
    messenger_consent: Said | None = None

    @property
    def key(self) -> str:
        """What it is known by."""
        return self.email.lower()


class Seed(BaseModel):
    """A seed file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    users: tuple[User, ...] = ()
    teams: tuple[Team, ...] = ()
    tags: tuple[Tag, ...] = ()
    custom_fields: tuple[CustomField, ...] = ()
    email_templates: tuple[EmailTemplate, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    courses: tuple[Course, ...] = ()
    messenger_pages: tuple[MessengerPage, ...] = ()
    audio_files: tuple[AudioFile, ...] = ()
    workflows: tuple[SeededWorkflow, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    contacts: tuple[Contact, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> "Seed":
        repeated = [*_repeated(self)]
        if repeated:
            raise ValueError("; ".join(repeated))
        return self


def read_seed(path: Path) -> Seed:
    """Read a seed file. Raises FileError."""
    try:
        content: object = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Seed.model_validate({} if content is None else content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: {error}") from None
    except ValidationError as error:
        raise FileError(f"{path}: {problems_of(error)}") from None


def filled_in(value: JsonValue, resolve: Resolve) -> JsonValue:
    """A value with each `${…}` in its texts replaced."""
    match value:
        case str():
            return _REFERENCE.sub(lambda match: resolve(match[1]), value)
        case list():
            return [filled_in(item, resolve) for item in value]
        case dict():
            return {name: filled_in(item, resolve) for name, item in value.items()}
        case _:
            return value


def _repeated(seed: Seed) -> Iterator[str]:
    for kind in Seed.model_fields:
        entries = cast("Sequence[Entry]", getattr(seed, kind))
        yield from (f"{kind}: {key!r} is there twice" for key in _twice(e.key for e in entries))
        for entry in entries:
            parts = cast("Sequence[Entry] | None", getattr(entry, PARTS.get(kind, ""), None)) or ()
            for key in _twice(part.key for part in parts):
                yield f"{kind}: {entry.key!r} has {key!r} twice"


def _twice(keys: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)
