"""Reads what a simulation is made of: the workflow's file, the contact, the scenario, options."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar, cast, get_args

import yaml
from pydantic import BaseModel, JsonValue, ValidationError

from devstack.loading import FileError, problems_of
from devstack.seeds.document import EmailTemplate, Seed, SeededWorkflow
from devstack.simulate.scenario import (
    AccountEntry,
    ChangeEntry,
    ContactEntry,
    EventEntry,
    FailureEntry,
    ProviderError,
    Scenario,
)

_FAILURE: Final = re.compile(
    r"(?P<step>.+):(?P<error>[a-z_]+)(?:\*(?P<times>[0-9]+))?(?:@(?P<retry_after>\w+))?"
)
_CUSTOM: Final = "custom_fields."

_ModelT = TypeVar("_ModelT", bound=BaseModel)


class _PlainLoader(yaml.SafeLoader):
    """Dates stay the text that the file has: contacts hold texts."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Source(NamedTuple):
    """A workflow and the records that its file has beside it."""

    file: Path
    seed: Seed
    workflow: SeededWorkflow
    # Where the workflow stands in the file; empty when it is all of it.
    place: str


def read_source(file: Path, name: str | None) -> Source:
    """The workflow of a file, which is a workflow file or a seed. Raises FileError.

    `name` says which of a seed's workflows.
    """
    content = _read(file)
    if "actions" in content:
        workflow = _parsed(SeededWorkflow, content, str(file))
        templates = tuple(EmailTemplate(**t.model_dump()) for t in workflow.email_templates)
        return Source(file, Seed(email_templates=templates), workflow, "")
    seed = _parsed(Seed, content, str(file))
    names = [workflow.name for workflow in seed.workflows]
    if not names:
        raise FileError(f"{file}: has no workflow; give it actions, or a seed with workflows")
    if name is None and len(names) > 1:
        raise FileError(f"{file}: has several workflows; choose one with --workflow: {_all(names)}")
    chosen = names[0] if name is None else name
    if chosen not in names:
        raise FileError(f"--workflow: {file} has no workflow {chosen!r}, but {_all(names)}")
    index = names.index(chosen)
    return Source(file, seed, seed.workflows[index], f"workflows.{index}.")


def read_scenario(file: Path | None) -> Scenario:
    """A scenario file; what holds without one. Raises FileError."""
    return Scenario() if file is None else _parsed(Scenario, _read(file), str(file))


def read_contact(given: Sequence[str], source: Source, scenario: Scenario) -> ContactEntry:
    """Whom the run is for, out of the scenario and what was given, each over the one before.

    Given are files, the emails of contacts of the seed, and `field=value`. Raises FileError.
    """
    found: dict[str, JsonValue] = {}
    if scenario.contact is not None:
        found |= _given(scenario.contact)
    for text in given:
        name, equals, value = text.partition("=")
        if equals:
            _set(found, name.strip(), value)
        elif "@" in text and not Path(text).exists():
            found |= _given(_of_seed(text, source))
        else:
            found |= _given(_parsed(ContactEntry, _read(Path(text)), text))
    return _parsed(ContactEntry, found, "--contact")


def account_with(scenario: Scenario, given: Sequence[str]) -> AccountEntry:
    """The account's settings, with `setting=value` over those of the scenario."""
    values: dict[str, JsonValue] = scenario.account.model_dump(mode="json")
    for text in given:
        name, value = _pair(text, "--account", "timezone=Europe/Paris")
        is_list = name == "explicit_consent_channels"
        values[name] = list[JsonValue](value.split(",")) if is_list else value
    return _parsed(AccountEntry, values, "--account")


def events_of(given: Sequence[str]) -> list[EventEntry]:
    """`2d email_opened`, `offer+2h sms_reply body=STOP`, `3d form_submit of=offer`."""
    found: list[EventEntry] = []
    for text in given:
        words = _words(text, "--event")
        if len(words) < 2:
            raise FileError(f"--event: {text!r} must be WHEN TYPE, such as '2d email_opened'")
        data = dict(_pair(word, "--event", "body=STOP") for word in words[2:])
        of = data.pop("of", None)
        values: dict[str, JsonValue] = {n: _value(v) for n, v in data.items()}
        found.append(EventEntry(when=words[0], type=words[1], of=of, data=values))
    return found


def changes_of(given: Sequence[str]) -> list[ChangeEntry]:
    """`10d timezone=Europe/Paris custom_fields.renewal=2026-05-01`."""
    found: list[ChangeEntry] = []
    for text in given:
        words = _words(text, "--change")
        if len(words) < 2:
            raise FileError(
                f"--change: {text!r} must be WHEN FIELD=VALUE, such as '10d timezone=Europe/Paris'"
            )
        pairs = (_pair(word, "--change", "timezone=Europe/Paris") for word in words[1:])
        values: dict[str, JsonValue] = {name: _value_of(name, value) for name, value in pairs}
        found.append(ChangeEntry(when=words[0], set=values))
    return found


def failures_of(given: Sequence[str]) -> list[FailureEntry]:
    """`send_email:rate_limit*2`, `offer:service_unavailable@90s`."""
    found: list[FailureEntry] = []
    for text in given:
        read = _FAILURE.fullmatch(text.strip())
        if read is None:
            raise FileError(
                f"--fail: {text!r} must be STEP:ERROR, such as send_email:rate_limit*2, with one"
                f" of {_all(get_args(ProviderError))}"
            )
        values = {name: value for name, value in read.groupdict().items() if value is not None}
        found.append(_parsed(FailureEntry, values, f"--fail {text}"))
    return found


def _read(file: Path) -> Mapping[object, object]:
    try:
        content: object = yaml.load(file.read_text("utf-8"), _PlainLoader)  # noqa: S506 - a safe one
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: {error}") from None
    if content is not None and not isinstance(content, Mapping):
        raise FileError(f"{file}: must hold names and values, such as `name: …`")
    return cast("Mapping[object, object] | None", content) or {}


def _parsed(model: type[_ModelT], content: object, where: str) -> _ModelT:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise FileError(f"{where}: {problems_of(error)}") from None


def _given(contact: BaseModel) -> dict[str, JsonValue]:
    return contact.model_dump(mode="json", exclude_unset=True)


def _of_seed(email: str, source: Source) -> BaseModel:
    for contact in source.seed.contacts:
        if contact.key == email.lower():
            return contact
    raise FileError(
        f"--contact: {source.file} has no contact {email!r}; give a file or email={email}"
    )


def _set(contact: dict[str, JsonValue], name: str, value: str) -> None:
    if name.startswith(_CUSTOM):
        custom = contact.get("custom_fields")
        known = custom if isinstance(custom, dict) else {}
        field = name.removeprefix(_CUSTOM)
        contact["custom_fields"] = {**known, field: _value(value)}
    elif name == "tags":
        contact[name] = list[JsonValue](tag.strip() for tag in value.split(","))
    else:
        contact[name] = value


def _value_of(name: str, text: str) -> JsonValue:
    """Built-in fields are text, whatever they look like."""
    return _value(text) if name.startswith(_CUSTOM) else text


def _value(text: str) -> JsonValue:
    """JSON where it is some, else the text."""
    try:
        found: JsonValue = json.loads(text)
    except ValueError:
        return text
    return found


def _words(text: str, option: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise FileError(f"{option}: {text!r}: {error}") from None


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise FileError(f"{option}: {text!r} must be NAME=VALUE, such as {example}")
    return name, value


def _all(names: Iterable[str]) -> str:
    return ", ".join(names)


def with_options(scenario: Scenario, options: Mapping[str, Sequence[BaseModel]]) -> Scenario:
    """The scenario, and after its own what the command line says of the same lists."""
    lists = {name: (*getattr(scenario, name), *more) for name, more in options.items()}
    return scenario.model_copy(update=lists)
