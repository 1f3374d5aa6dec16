"""The OpenAPI document: what FastAPI derives from the routes, and what only the catalogue knows.

`action_config` is documented by the schemas of all action types; every operation lists the problems
that it may answer with; nothing in the document is kept by hand beside the code.
"""

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final, cast

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from common.catalogue import ActionSpec, catalogue
from gateway.models.actions import AddActionBody, UpdateActionBody
from gateway.models.executions import ExecutionSnapshot
from gateway.problems import MEDIA_TYPE, Problem

Document = dict[str, Any]

_REF: Final = "#/components/schemas/"
# Models that no route's signature shows to FastAPI.
_EXTRA_MODELS: Final = (AddActionBody, UpdateActionBody, Problem, ExecutionSnapshot)

_TEXT_HEADER: Final = {"schema": {"type": "string"}}
_ETAG: Final = {"ETag": {"description": "For If-Match.", **_TEXT_HEADER}}
_LOCATION: Final = {"Location": {"description": "Where the new record is.", **_TEXT_HEADER}}

SHOWS_ETAG: Final[dict[int | str, Document]] = {200: {"headers": _ETAG}}
CREATES: Final[dict[int | str, Document]] = {201: {"headers": _LOCATION}}
CREATES_WITH_ETAG: Final[dict[int | str, Document]] = {201: {"headers": _LOCATION | _ETAG}}
STARTS_IN_BACKGROUND: Final[dict[int | str, Document]] = {
    202: {"headers": {"Location": {"description": "Where it can be followed.", **_TEXT_HEADER}}}
}
EXPORTS: Final[dict[int | str, Document]] = {
    200: {
        "description": "The document.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
STREAMS: Final[dict[int | str, Document]] = {
    200: {
        "description": "The stream of events.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The reader has seen the end (Last-Event-ID: end)."},
}

_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The request is malformed: no JSON, a wrong parameter, a bad UUID in the path.",
    401: "No token, or one that is not valid.",
    403: "The caller's roles lack the permission.",
    404: "No such record in the caller's account.",
    408: "The body took too long to arrive.",
    409: "The state of the record forbids it; the detail says the way out.",
    412: "The record has changed since its etag was read.",
    413: "The body is larger than 1 MiB, or a file than 50 MiB.",
    415: "The body is not declared as what it must be: JSON, or CSV for files of contacts.",
    422: "Well-formed, but not valid: every violation is listed with its place.",
    429: "More than the service takes at present.",
    500: "A fault of the service; the log has the request's id.",
    503: "A part of the service is out of reach.",
    504: "The service took too long.",
}
_ALWAYS: Final[tuple[int, ...]] = (400, 401, 403, 429, 500, 503, 504)
_PAGING: Final = frozenset({"page_size", "page_token"})
_WITH_BODY: Final = (408, 413, 415, 422)


def accepts(body: type[BaseModel]) -> Document:
    """Documents the body of a route that reads it itself."""
    schema = {"$ref": _REF + body.__name__}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


class OpenApi:
    """An application's complete document, built once, when first asked for."""

    def __init__(self, app: FastAPI) -> None:
        """From now on `app.openapi()` answers with it too."""
        self._app = app
        self._lock = Lock()
        self._served = b""
        app.openapi = self.document

    def document(self) -> Document:
        """As data. To build it takes a second."""
        with self._lock:
            if self._app.openapi_schema is None:
                self._app.openapi_schema = _build(self._app)
            return self._app.openapi_schema

    def served(self) -> bytes:
        """As JSON."""
        if not self._served:
            self._served = orjson.dumps(self.document())
        return self._served


def _build(app: FastAPI) -> Document:
    document: Document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        separate_input_output_schemas=False,
    )
    components: Document = document["components"]
    schemas: Document = components["schemas"]
    _, extra = models_json_schema(
        [(model, "validation") for model in _EXTRA_MODELS], ref_template=_REF + "{model}"
    )
    schemas.update(extra["$defs"])
    _describe_configs(schemas)
    components["responses"] = {f"Problem{code}": _problem(code) for code in _PROBLEMS}
    for path, operations in document["paths"].items():
        if path.startswith("/api/"):
            for method, operation in operations.items():
                _add_problems(operation, path, method)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return document


def _describe_configs(schemas: Document) -> None:
    """Say what `action_config` holds: one of the types' schemas, each a component of its own."""
    refs: dict[str, str] = {}
    for spec in catalogue().types.values():
        name = f"{_camel(spec.type)}Config"
        schemas[name] = _component(spec, name)
        refs[spec.type] = _REF + name
    configs = [{"$ref": ref} for ref in refs.values()]
    schemas["AddActionBody"]["properties"]["action_type"]["enum"] = sorted(refs)
    for model in ("AddActionBody", "UpdateActionBody"):
        config: Document = schemas[model]["properties"]["action_config"]
        schemas[model]["properties"]["action_config"] = {
            "description": config["description"],
            "oneOf": [*configs, {"type": "null"}],
            # The type is not in the configuration, so OpenAPI's discriminator cannot say this.
            "x-treadle-by-action-type": refs,
        }
    shown: Document = schemas["Action"]["properties"]["action_config"]
    # What is stored may be incomplete, and then matches no type's schema.
    shown["anyOf"] = [*configs, {"type": "object", "title": "Incomplete"}]
    shown.pop("additionalProperties", None)
    shown.pop("type", None)


def _component(spec: ActionSpec, name: str) -> Document:
    """A type's schema as a component, its local definitions reachable from the whole document."""
    schema: Document = {
        key: value for key, value in spec.config_schema().items() if key not in ("$schema", "$id")
    }
    schema = _rebased(schema, f"{_REF}{name}")
    return {"title": spec.label, **schema}


def _rebased(value: Any, base: str) -> Any:
    if isinstance(value, dict):
        items = cast("Document", value)
        return {
            key: base + member[1:]
            if key == "$ref" and isinstance(member, str) and member.startswith("#/$defs")
            else _rebased(member, base)
            for key, member in items.items()
        }
    if isinstance(value, list):
        members = cast("list[Any]", value)
        return [_rebased(member, base) for member in members]
    return value


def _problem(code: int) -> Document:
    response: Document = {
        "description": _PROBLEMS[code],
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}}},
    }
    if code in (429, 503):
        response["headers"] = {"Retry-After": {"description": "Seconds.", **_TEXT_HEADER}}
    if code == 401:
        response["headers"] = {"WWW-Authenticate": _TEXT_HEADER}
    return response


def _add_problems(operation: Document, path: str, method: str) -> None:
    codes: list[int] = [*_ALWAYS]
    responses: Document = operation["responses"]
    shows_one = "ETag" in responses.get("200", {}).get("headers", ())
    if "{" in path or shows_one or method == "delete":
        codes.append(404)
    if method != "get":
        codes.append(409)
    if "requestBody" in operation:
        codes += _WITH_BODY
    elif method != "get" or _filters(operation):
        codes.append(422)
    if any(p["name"] == "If-Match" for p in operation.get("parameters", ())):
        codes.append(412)
    for code in sorted(codes):
        responses[str(code)] = {"$ref": f"#/components/responses/Problem{code}"}
    if 422 not in codes:
        responses.pop("422", None)


def _filters(operation: Document) -> bool:
    """Whether there is something in the query that may turn out to be of no use."""
    names = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
    return not names <= _PAGING


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
