"""Turns the field names that services use into places in the request body.

Services speak of their protobuf requests (`config.send_email.subject`, `contact.email`), callers
of the JSON that they sent. Each endpoint says with `BodyFields` how the two belong together; the
result is an RFC 6901 JSON Pointer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from common.catalogue.violations import segments_of

Token = str | int
Path = tuple[Token, ...]


def parse(path: str) -> Path:
    """Split a field path such as `field_updates[0].value`; what is not one stays whole."""
    try:
        return segments_of(path)
    except ValueError:
        return (path,)


def pointer(tokens: Iterable[Token]) -> str:
    """Write tokens as a JSON Pointer (RFC 6901); the whole document is the empty string."""
    return "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in tokens)


@dataclass(frozen=True, slots=True)
class BodyFields:
    """Where a service's field names are in the body of one kind of request.

    `names` are the body's own members; `moved` says where the beginning of a path goes instead;
    `nest` is the member that every other path is relative to.
    """

    names: frozenset[str] = frozenset()
    moved: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    nest: str | None = None

    @classmethod
    def of(
        cls,
        body: type[BaseModel],
        *,
        moved: Mapping[Path, Path] | None = None,
        nest: str | None = None,
    ) -> "BodyFields":
        """The fields of a body model."""
        return cls(frozenset(body.model_fields), dict(moved or {}), nest)

    def locate(self, path: str) -> str | None:
        """Return the JSON Pointer of a service's field; None when it is not in the body."""
        tokens = parse(path)
        for length in (2, 1):
            place = self.moved.get(tokens[:length])
            if place is not None:
                return pointer((*place, *tokens[length:]))
        if tokens and tokens[0] in self.names:
            return pointer(tokens)
        return pointer((self.nest, *tokens)) if self.nest and tokens else None


NO_BODY = BodyFields()
