"""The documentation page: reads /openapi.json and needs nothing from any other host."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from common.errors import ErrorReason, TreadleError
from gateway.openapi import OpenApi
from gateway.problems import RefusedError

router: Final = APIRouter(include_in_schema=False)

# Scripts, styles and data from this origin only.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = "docs.html"
_KINDS: Final = {_PAGE: "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}


@router.get("/docs")
async def docs_page() -> Response:
    """Show the page."""
    return _file(_PAGE)


@router.get("/docs/{name}")
async def docs_file(name: Annotated[str, Path(max_length=20)]) -> Response:
    """Serve what the page is made of."""
    if name not in _KINDS:
        raise RefusedError(TreadleError(ErrorReason.NOT_FOUND, f"no file {name}"))
    return _file(name)


@router.get("/openapi.json")
def openapi_document(request: Request) -> Response:
    """Serve the document. No coroutine: to build it takes a second, which a thread spends."""
    document: OpenApi = request.app.state.openapi
    return Response(document.served(), media_type="application/json")


def _file(name: str) -> Response:
    return Response(
        _content(name),
        media_type=_KINDS[name],
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"},
    )


@cache
def _content(name: str) -> bytes:
    return files("gateway").joinpath("static", name).read_bytes()
