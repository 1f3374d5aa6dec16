"""Secrets of configurations: masked in everything that leaves, kept when the mask comes back."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

from common.catalogue.fields import Arity, MessageSpec
from common.catalogue.kinds import SECRET_MASK
from common.catalogue.shapes import as_list, as_object


def secret_paths(message: MessageSpec, prefix: str = "") -> tuple[str, ...]:
    """Paths of the secret fields; `[]` stands for the items of a list."""
    paths: list[str] = []
    for name, field in message.fields.items():
        at = f"{prefix}{name}" + ("[]" if field.arity is Arity.LIST else "")
        if field.kind == "secret":
            paths.append(at)
        if field.message is not None:
            paths += secret_paths(field.message, f"{at}.")
    return tuple(paths)


def redact(message: MessageSpec, config: Mapping[str, object]) -> dict[str, Any]:
    """A copy of `config` whose secrets are replaced by the mask."""
    shown = dict(config)
    for name, field in message.fields.items():
        value = config.get(name)
        if value is None:
            continue
        if field.kind == "secret":
            items = as_list(value) if field.arity is Arity.LIST else None
            shown[name] = SECRET_MASK if items is None else [SECRET_MASK for _ in items]
        elif field.message is not None:
            shown[name] = _redact_nested(field.message, value)
    return shown


def _redact_nested(message: MessageSpec, value: object) -> object:
    if (items := as_list(value)) is not None:
        return [_redact_nested(message, item) for item in items]
    inner = as_object(value)
    return value if inner is None else redact(message, inner)


def restore(
    message: MessageSpec, config: Mapping[str, object], stored: Mapping[str, object]
) -> dict[str, Any]:
    """A copy of `config` whose masks are replaced by the secrets of `stored`, where it has them."""
    whole = dict(config)
    for name, field in message.fields.items():
        value, old = config.get(name), stored.get(name)
        if value is None or old is None:
            continue
        if field.kind == "secret":
            whole[name] = old if value == SECRET_MASK else value
        elif field.message is not None:
            whole[name] = _restore_nested(field.message, value, old)
    return whole


def _restore_nested(message: MessageSpec, value: object, old: object) -> object:
    items, olds = as_list(value), as_list(old)
    if items is not None and olds is not None:
        pairs = zip_longest(items, olds[: len(items)])
        return [_restore_nested(message, item, before) for item, before in pairs]
    inner, before = as_object(value), as_object(old)
    return value if inner is None or before is None else restore(message, inner, before)
