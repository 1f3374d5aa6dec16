"""The catalogue: every action type this build knows, derived from ActionConfig's oneof."""

import copy
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, TypeVar, cast

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from pydantic import ValidationError

from common.catalogue import convert, rendering, secrets
from common.catalogue.fields import (
    CatalogueError,
    MessageSpec,
    action_options,
    enum_name,
    message_spec,
    snake,
)
from common.catalogue.models import (
    ConfigModel,
    Forms,
    form_violations,
    forms_of,
    model_of,
    violations_of,
)
from common.catalogue.rendering import ConfigRenderError
from common.catalogue.rules import Conditional, MeansWhen, broken, read_rules
from common.catalogue.schema import DIALECT, message_schema, output_schema
from common.catalogue.variants import Variants, settled
from common.catalogue.violations import ValidationOutcome, path_of
from common.templating import ROOTS, ContextNeeds
from treadle.options.v1 import options_pb2
from treadle.workflow.v1 import action_pb2

_ONEOF = "config"

MessageT = TypeVar("MessageT", bound=Message)
# ActionSpec has a field called `type`.
ModelType = type[ConfigModel]


class UnknownActionTypeError(LookupError):
    """No action type of this name; `str()` names the closest ones."""

    def __init__(self, type_name: str, known: tuple[str, ...]) -> None:
        close = difflib.get_close_matches(type_name, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}"
        super().__init__(f"there is no action type '{type_name}'; {hint}")
        self.type_name = type_name


@dataclass(frozen=True)
class ActionSpec:
    """Everything known about one action type. Configurations are JSON objects."""

    type: str
    category: str
    label: str
    help: str
    idempotency: options_pb2.IdempotencyClass
    retry: options_pb2.RetryClass
    config_descriptor: Descriptor
    output_descriptor: Descriptor
    config: MessageSpec
    output: MessageSpec
    rules: tuple[Conditional, ...]
    variants: tuple[Variants, ...]
    model: ModelType
    # Context paths the handler itself reads, beside the templates.
    reads: tuple[str, ...]
    secrets: tuple[str, ...]
    templated: bool
    _handler_needs: ContextNeeds = field(repr=False)

    @property
    def subject(self) -> str:
        """NATS subject of the type's tasks."""
        return f"treadle.actions.{self.category}.{self.type}"

    def defaults(self) -> dict[str, Any]:
        """The configuration of a new action: the fields that have a default."""
        return {
            name: field.default
            for name, field in self.config.fields.items()
            if field.default is not None
        }

    def config_schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the configuration."""
        return copy.deepcopy(self._config_schema)

    @cached_property
    def has_meanings(self) -> bool:
        """Whether what a value must look like depends on another one."""
        return any(isinstance(rule, MeansWhen) for rule in self.rules)

    @cached_property
    def _config_schema(self) -> dict[str, Any]:
        head = {"$schema": DIALECT, "title": self.label, "description": self.help}
        return head | message_schema(self.config, self.rules, self.variants)

    @cached_property
    def rendered_forms(self) -> Forms:
        """The forms of objects once their merge fields are rendered."""
        return forms_of(self.variants, rendered=True)

    def output_schema(self) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of what later steps read as `steps.<action>.<field>`."""
        head = {"$schema": DIALECT, "title": f"Output of {self.label}"}
        return head | output_schema(self.output)

    def validate(self, config: Mapping[str, object]) -> ValidationOutcome:
        """Find everything that is wrong with `config`."""
        try:
            self.model.model_validate(config)
        except ValidationError as error:
            return ValidationOutcome(violations_of(error, self.config, self.type))
        return ValidationOutcome(())

    def to_message(self, config: Mapping[str, object]) -> action_pb2.ActionConfig:
        """The configuration as its message.

        Raises MalformedConfigError for what `validate` calls malformed.
        """
        message = action_pb2.ActionConfig()
        inner = cast("Message", getattr(message, self.type))
        inner.SetInParent()
        convert.fill(inner, self.config, config)
        return message

    def from_message(self, message: action_pb2.ActionConfig) -> dict[str, Any]:
        """Canonical JSON of the fields that are set; raises ValueError for another type's."""
        if message.WhichOneof(_ONEOF) != self.type:
            raise ValueError(f"not a configuration of {self.type}")
        return convert.read(cast("Message", getattr(message, self.type)), self.config)

    def read(self, message: Message) -> dict[str, Any]:
        """Canonical JSON of the type's own configuration message."""
        return convert.read(message, self.config)

    def write(self, message: MessageT, config: Mapping[str, object]) -> MessageT:
        """Fills the type's own configuration message; raises MalformedConfigError."""
        convert.fill(message, self.config, config)
        return message

    def redact(self, config: Mapping[str, object]) -> dict[str, Any]:
        """A copy of `config` with its secrets masked, fit to be returned."""
        return secrets.redact(self.config, config)

    def secret_values(self, config: Mapping[str, object]) -> list[str]:
        """The secrets of `config`, as they are given there, each as often as it occurs."""
        return secrets.values(self.config, config)

    def replace_secrets(
        self, config: Mapping[str, object], by: Callable[[str], str]
    ) -> dict[str, Any]:
        """A copy of `config` with what `by` makes of each secret in the secret's place."""
        return secrets.replaced(self.config, config, by)

    def restore_secrets(
        self, config: Mapping[str, object], stored: Mapping[str, object]
    ) -> dict[str, Any]:
        """A copy of `config` in which masks are replaced by the secrets of `stored`."""
        return secrets.restore(self.config, config, stored)

    def template_strings(self, config: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Path and source of every text in `config` that holds merge fields."""
        return rendering.template_strings(self.config, config)

    def needs(self, config: Mapping[str, object]) -> ContextNeeds:
        """What the templates of `config` and the type's handler read."""
        return self._handler_needs | rendering.template_needs(self.config, config)


class Catalogue:
    """The action types by name, in the order of category and name."""

    def __init__(self, specs: tuple[ActionSpec, ...]) -> None:
        ordered = sorted(specs, key=lambda spec: (_category_order(spec.category), spec.type))
        self.types: Mapping[str, ActionSpec] = {spec.type: spec for spec in ordered}

    def get(self, type_name: str) -> ActionSpec:
        """The type's spec; raises UnknownActionTypeError."""
        spec = self.types.get(type_name)
        if spec is None:
            raise UnknownActionTypeError(type_name, tuple(self.types))
        return spec

    @cached_property
    def categories(self) -> Mapping[str, tuple[str, ...]]:
        """The types of each category that has any."""
        found: dict[str, tuple[str, ...]] = {}
        for spec in self.types.values():
            found[spec.category] = (*found.get(spec.category, ()), spec.type)
        return found


@cache
def catalogue() -> Catalogue:
    """The catalogue of this build."""
    oneof = action_pb2.ActionConfig.DESCRIPTOR.oneofs_by_name[_ONEOF]
    specs: list[ActionSpec] = []
    for member in oneof.fields:
        if member.message_type is None:
            raise CatalogueError(f"ActionConfig.{member.name} is no message")
        spec = _action_spec(cast("Descriptor", member.message_type))
        if spec.type != member.name:
            raise CatalogueError(f"ActionConfig.{member.name} should be called {spec.type}")
        specs.append(spec)
    return Catalogue(tuple(specs))


def config_type(message: action_pb2.ActionConfig) -> str:
    """The action type whose configuration is set; raises UnknownActionTypeError when none is."""
    found = message.WhichOneof(_ONEOF)
    if found is None:
        raise UnknownActionTypeError("", tuple(catalogue().types))
    return found


def database_check_types() -> tuple[str, ...]:
    """The values of the `valid_action_type` check, sorted."""
    return tuple(sorted(catalogue().types))


def render_config(
    spec: ActionSpec, message: action_pb2.ActionConfig, context: Mapping[str, object]
) -> Message:
    """The type's own configuration message with its merge fields rendered.

    Without merge fields it is the part of `message` itself, so treat it as read-only. Optional
    fields whose merge fields come to nothing are not set. Raises ConfigRenderError naming the
    field and the cause.
    """
    config = cast("Message", getattr(message, spec.type))
    if not spec.templated or not rendering.may_have_markup(config):
        return config
    rendered = type(config)()
    rendered.CopyFrom(config)
    rendering.render_message(rendered, spec.config, context)
    if spec.has_meanings or (spec.rules and len(rendered.ListFields()) < len(config.ListFields())):
        for rule in broken(spec.rules, spec.config, convert.read(rendered, spec.config)):
            raise ConfigRenderError(path_of(rule.path), f"{rule.text}, once rendered")
    if spec.variants:
        _settle_variants(spec, rendered)
    return rendered


def _settle_variants(spec: ActionSpec, rendered: Message) -> None:
    """Settles and checks the rendered objects whose form depends on another field."""
    values = convert.read(rendered, spec.config)
    for each in spec.variants:
        if (chosen := each.chosen(values)) is not None:
            values[each.field] = settled(each.messages[chosen[0]], chosen[1])
    for violation in form_violations(spec.rendered_forms, values):
        raise ConfigRenderError(violation.field, f"{violation.description}, once rendered")
    rendered.Clear()
    convert.fill(rendered, spec.config, values)


def _action_spec(descriptor: Descriptor) -> ActionSpec:
    options = action_options(descriptor)
    if options is None or not descriptor.name.endswith("Config"):
        raise CatalogueError(f"{descriptor.full_name} is no action configuration")
    config = message_spec(descriptor)
    rules = read_rules(options, config)
    variants = tuple(Variants.read(each, config) for each in options.variants)
    output = descriptor_pool.Default().FindMessageTypeByName(options.output)
    return ActionSpec(
        type=snake(descriptor.name.removesuffix("Config")),
        category=_category(options.category),
        label=options.label,
        help=options.help,
        idempotency=options.idempotency,
        retry=options.retry,
        config_descriptor=descriptor,
        output_descriptor=output,
        config=config,
        output=message_spec(output),
        rules=rules,
        variants=variants,
        model=model_of(config, rules, variants),
        reads=tuple(options.reads),
        secrets=secrets.secret_paths(config),
        templated=rendering.has_templates(config),
        _handler_needs=_handler_needs(descriptor, options),
    )


def _handler_needs(descriptor: Descriptor, options: options_pb2.ActionOptions) -> ContextNeeds:
    paths = [tuple(path.split(".")) for path in options.reads]
    if unknown := [path[0] for path in paths if path[0] not in ROOTS]:
        raise CatalogueError(f"{descriptor.full_name} reads {', '.join(unknown)}")
    return ContextNeeds.of(paths)


def _categories() -> tuple[str, ...]:
    enum = options_pb2.DESCRIPTOR.enum_types_by_name["ActionCategory"]
    return tuple(enum_name(enum, value.number) for value in enum.values if value.number)


def _category(number: int) -> str:
    enum = options_pb2.DESCRIPTOR.enum_types_by_name["ActionCategory"]
    return enum_name(enum, number)


def _category_order(category: str) -> int:
    return _categories().index(category)
