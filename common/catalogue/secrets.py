"""Secrets of configurations: sealed where they are kept, masked in everything that people get.

A secret is the value of a field declared as one, and that of an HTTP header whose name says so. A
header's value with merge fields is none: it comes from the contact's data when the step runs.
"""

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any, Final

from common.catalogue.fields import Arity, FieldSpec, MessageSpec
from common.catalogue.kinds import SECRET_MASK
from common.catalogue.shapes import as_list, as_object
from common.templating import has_markup

# How a secret begins that the action service has encrypted; only that service can read the rest.
SEALED_PREFIX: Final = "treadle-sealed:"

# RFC 9110 section 11, RFC 6265, and how APIs name the headers that carry their keys.
_CREDENTIAL_HEADER: Final = re.compile(
    r"authorization|cookie|credential|passw|secret|session|signature|token|apikey"
    r"|(api|access|auth|functions|license|private|subscription)[-_.]key"
    r"|(^|[-_.])auth($|[-_.])",
    re.I,
)

# RFC 3986 section 3: where a URL leads, whatever it asks for there.
_ORIGIN: Final = re.compile(r"[^/?#]*//[^/?#]*")

Change = Callable[[str], str]


def is_sealed(value: str) -> bool:
    """Whether a stored value is a secret that was sealed."""
    return value.startswith(SEALED_PREFIX)


def is_credential_header(name: str) -> bool:
    """Whether a header of this name carries what gives access."""
    return _CREDENTIAL_HEADER.search(name) is not None


def secret_paths(message: MessageSpec, prefix: str = "") -> tuple[str, ...]:
    """Paths of the fields that hold secrets; `[]` stands for the items of a list or map."""
    paths: list[str] = []
    for name, field in message.fields.items():
        at = f"{prefix}{name}" + ("" if field.arity is Arity.ONE else "[]")
        if field.kind == "secret" or _is_headers(field):
            paths.append(at)
        if field.message is not None:
            paths += secret_paths(field.message, f"{at}.")
    return tuple(paths)


def replaced(message: MessageSpec, config: Mapping[str, object], by: Change) -> dict[str, Any]:
    """A copy of `config` with what `by` makes of each secret in the secret's place."""
    changed = dict(config)
    for name, field in message.fields.items():
        value = config.get(name)
        if value is None:
            continue
        if field.kind == "secret":
            items = as_list(value)
            changed[name] = (
                _changed(value, by) if items is None else [_changed(item, by) for item in items]
            )
        elif _is_headers(field) and (headers := as_object(value)) is not None:
            changed[name] = {
                key: _changed(item, by) if _is_secret_header(key, item) else item
                for key, item in headers.items()
            }
        elif field.message is not None:
            changed[name] = _replaced_nested(field.message, value, by)
    return changed


def _replaced_nested(message: MessageSpec, value: object, by: Change) -> object:
    if (items := as_list(value)) is not None:
        return [_replaced_nested(message, item, by) for item in items]
    inner = as_object(value)
    return value if inner is None else replaced(message, inner, by)


def _changed(value: object, by: Change) -> object:
    """A blank text keeps no secret."""
    return by(value) if isinstance(value, str) and value.strip() else value


def values(message: MessageSpec, config: Mapping[str, object]) -> list[str]:
    """The secrets of `config`, each as often as it occurs."""
    found: list[str] = []

    def note(value: str) -> str:
        found.append(value)
        return value

    replaced(message, config, note)
    return found


def redact(message: MessageSpec, config: Mapping[str, object]) -> dict[str, Any]:
    """A copy of `config` whose secrets are replaced by the mask."""
    return replaced(message, config, lambda _: SECRET_MASK)


def restore(
    message: MessageSpec, config: Mapping[str, object], stored: Mapping[str, object]
) -> dict[str, Any]:
    """A copy of `config` whose masks are replaced by the secrets of `stored`, where it has them.

    Where its URLs lead elsewhere they are not: nobody sends a secret that they do not know to a
    host of their choice.
    """
    whole = dict(config)
    if _leads_elsewhere(message, config, stored):
        return whole
    for name, field in message.fields.items():
        value, old = config.get(name), stored.get(name)
        if value is None or old is None:
            continue
        if field.kind == "secret":
            whole[name] = old if value == SECRET_MASK else value
        elif _is_headers(field):
            whole[name] = _restored_headers(value, old)
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


def _restored_headers(value: object, old: object) -> object:
    given, stored = as_object(value), as_object(old)
    if given is None or stored is None:
        return value
    kept = {name.lower(): item for name, item in stored.items() if _is_secret_header(name, item)}
    return {
        name: kept.get(name.lower(), item) if item == SECRET_MASK else item
        for name, item in given.items()
    }


def _leads_elsewhere(
    message: MessageSpec, config: Mapping[str, object], stored: Mapping[str, object]
) -> bool:
    return any(
        stored.get(name) is not None and _origin(config.get(name)) != _origin(stored[name])
        for name, field in message.fields.items()
        if field.kind == "url"
    )


def _origin(url: object) -> object:
    """The whole URL where merge fields decide where it leads."""
    found = _ORIGIN.match(url) if isinstance(url, str) else None
    return url if found is None or "{" in found[0] else found[0].lower()


def _is_headers(field: FieldSpec) -> bool:
    return field.kind == "http_header" and field.arity is Arity.MAP


def _is_secret_header(name: str, value: object) -> bool:
    return isinstance(value, str) and is_credential_header(name) and not has_markup(value)
