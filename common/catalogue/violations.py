"""What is wrong with a configuration, and where."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Loc = tuple[str | int, ...]


class ViolationKind(StrEnum):
    """How bad a violation is."""

    # A required value is not there; the configuration is a draft.
    MISSING = "missing"
    # A value breaks a rule.
    INVALID = "invalid"
    # The configuration cannot even be put into its message: unknown field, wrong type.
    MALFORMED = "malformed"


class ConfigStatus(StrEnum):
    """Whether an action could run as it is configured."""

    VALID = "valid"
    INCOMPLETE = "incomplete"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing to mend: `field` is a path such as `field_updates[0].value`."""

    field: str
    description: str
    kind: ViolationKind

    @property
    def pointer(self) -> str:
        """The field as a JSON pointer (RFC 6901)."""
        return pointer_of(self.field)


@dataclass(frozen=True, slots=True)
class ValidationOutcome:
    """All violations of one configuration."""

    violations: tuple[Violation, ...]

    @property
    def status(self) -> ConfigStatus:
        """Incomplete means that values are missing and nothing else is wrong."""
        if not self.violations:
            return ConfigStatus.VALID
        if all(violation.kind is ViolationKind.MISSING for violation in self.violations):
            return ConfigStatus.INCOMPLETE
        return ConfigStatus.INVALID

    @property
    def malformed(self) -> tuple[Violation, ...]:
        """The violations that keep the configuration from becoming a message."""
        return tuple(v for v in self.violations if v.kind is ViolationKind.MALFORMED)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def path_of(loc: Sequence[str | int]) -> str:
    """`field_updates[0].value`; keys that are no names are written `headers["a b"]`."""
    text = ""
    for segment in loc:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif _NAME.fullmatch(segment):
            text += f".{segment}" if text else segment
        else:
            text += f"[{json.dumps(segment)}]"
    return text


def segments_of(path: str) -> Loc:
    """The segments of a path made by `path_of`."""
    segments: list[str | int] = []
    position = 0
    while match := _STEP.match(path, position):
        name, index, quoted = match.groups()
        segments.append(name if name is not None else int(index) if index else json.loads(quoted))
        position = match.end()
    if position != len(path):
        raise ValueError("not a field path")
    return tuple(segments)


def pointer_of(path: str) -> str:
    """A path made by `path_of` as a JSON pointer: `/field_updates/0/value`."""
    return "".join(
        "/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in segments_of(path)
    )
