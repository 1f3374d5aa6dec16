"""How the simulator's own endpoints answer."""

import orjson
from pydantic import ValidationError
from starlette.responses import Response

JSON = "application/json"


def json_response(status: int, body: object) -> Response:
    """An answer in JSON."""
    return Response(
        orjson.dumps(body, option=orjson.OPT_UTC_Z), status_code=status, media_type=JSON
    )


def invalid(error: ValidationError) -> Response:
    """The answer to what does not fit its model; names the fields."""
    problems = [
        {"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return json_response(422, {"error": "invalid request", "problems": problems})
