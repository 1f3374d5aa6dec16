"""SPEC-WFL-003 R5.4: JavaScript of the account's own."""

import signal
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast

import orjson

from common.egress import GuardedClient
from common.script_modules import ModuleStore, ModuleStoreError
from common.telemetry import get_logger
from executor_service.domain.outcome import (
    Completed,
    ErrorClass,
    Failed,
    JsonValue,
    Outcome,
)
from executor_service.handlers.base import Call, IoHandler, Step
from executor_service.json_values import MAX_DEPTH, TooDeepError, storable
from executor_service.sandbox.fetching import Fetcher
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.limits import (
    MAX_FETCHES,
    MAX_HEADERS,
    MAX_REQUEST_BYTES,
    MAX_RESULT_BYTES,
)
from executor_service.sandbox.results import (
    ConsoleLine,
    Died,
    Limit,
    LimitHit,
    NoModules,
    Phase,
    Place,
    Report,
    Returned,
    SandboxUnavailableError,
    Script,
    Stuck,
    Threw,
)
from treadle.catalog.v1.custom_code_pb2 import CustomCodeConfig

# What a script is given; of the account and its users it learns nothing.
ROOTS: Final = ("contact", "workflow", "execution", "steps", "event")
# Of what was said on the console before a failure, as much goes with its message.
CONSOLE_TAIL: Final = 2000

_log = get_logger(__name__)


class CustomCodeHandler(IoHandler[CustomCodeConfig]):
    """Runs the script in the sandbox; what it returns is the step's output.

    A step may be run more than once, and its calls of `fetch` carry the step's key.
    """

    def __init__(self, sandbox: Sandbox, modules: ModuleStore, client: GuardedClient) -> None:
        self._sandbox = sandbox
        self._modules = modules
        self._client = client

    def peer(self, config: CustomCodeConfig) -> str:
        """See `IoHandler`: whom a script calls is known only when it does."""
        del config
        return ""

    async def prepare(self, step: Step[CustomCodeConfig]) -> Outcome | Call:
        """See `IoHandler`."""
        config = step.config
        try:
            modules = self._modules.sources(config.allowed_modules)
        except ModuleStoreError as error:
            return Failed(ErrorClass.INVALID_CONFIG, f"allowed_modules: {error}")
        context = {name: cast("JsonValue", step.context.get(name)) for name in ROOTS}
        script = Script(
            code=config.code,
            context=context,
            modules=dict(modules),
            timeout_ms=config.timeout_ms,
            memory_mb=config.memory_limit_mb,
        )
        return lambda: self._run(step, script)

    async def _run(self, step: Step[CustomCodeConfig], script: Script) -> Outcome:
        timeout = timedelta(milliseconds=script.timeout_ms)
        fetch = Fetcher(self._client, step.key, timeout)
        try:
            report = await self._sandbox.run(script, fetch)
        except SandboxUnavailableError as error:
            _log.error("sandbox_unavailable", reason=str(error), **step.reference())
            # As when this process was stopped for a while: tried again, another may have one.
            message = "the code could not be run: the sandbox is down"
            return Failed(ErrorClass.SERVICE_UNAVAILABLE, message)
        if isinstance(report.ending, Died) and report.ending.violation:
            _log.error(
                "sandbox_violation",
                what=report.ending.violation,
                status=report.ending.status,
                **step.reference(),
            )
        return outcome_of(report, script)


def outcome_of(report: Report, script: Script) -> Outcome:
    """What the step comes to."""
    match report.ending:
        case Returned(text=text):
            return _completed(text, report.console)
        case Threw() as threw:
            failed = _thrown(threw)
        case LimitHit() as hit:
            failed = _over(hit, script)
        case Stuck():
            failed = _rejected("the code waits for a promise that nothing will ever settle")
        case NoModules():
            failed = Failed(
                ErrorClass.INVALID_CONFIG,
                "allowed_modules: the engine that runs here cannot import modules",
            )
        case Died(status=status):
            failed = _rejected(f"the code brought its process down ({_named(status)})")
    return _with_console(failed, report.console)


def _completed(text: bytes, console: Sequence[ConsoleLine]) -> Outcome:
    try:
        result = storable(orjson.loads(text))
    except (orjson.JSONDecodeError, TooDeepError):
        too_deep = f"the code returned JSON that is nested more than {MAX_DEPTH} levels deep"
        return _with_console(_rejected(too_deep), console)
    lines: list[JsonValue] = [_shown(line) for line in console]
    return Completed(output={"result": result, "console": lines})


def _thrown(threw: Threw) -> Failed:
    said = f"{threw.name}: {threw.message}" if threw.name else threw.message
    match threw.phase:
        case Phase.SYNTAX:
            message = f"the code cannot be read{_at(threw.place)}: {said}"
            return Failed(ErrorClass.INVALID_CONFIG, message)
        case Phase.RESULT:
            return _rejected(f"what the code returned is no JSON: {said}")
        case Phase.RUN:
            error_class = ErrorClass.NETWORK_TIMEOUT if threw.network else ErrorClass.REJECTED
            return Failed(error_class, f"the code failed{_at(threw.place)}: {said}")


def _over(hit: LimitHit, script: Script) -> Failed:
    match hit.limit:
        case Limit.TIME:
            message = f"the code took longer than its time limit of {script.timeout_ms} ms"
            if hit.fetching:
                # Whom it waited for may be quicker the next time.
                return Failed(ErrorClass.NETWORK_TIMEOUT, f"{message}, waiting for fetch")
        case Limit.MEMORY:
            limit = f"its memory limit of {script.memory_mb} MiB"
            message = f"the code took more than {limit}{_at(hit.place)}"
        case Limit.OUTPUT:
            message = f"the code returned more than {MAX_RESULT_BYTES // 1024} KiB of JSON"
        case Limit.FETCHES:
            message = f"the code called fetch more than {MAX_FETCHES} times"
        case Limit.REQUEST:
            limit = f"{MAX_REQUEST_BYTES // 1024} KiB, or of more than {MAX_HEADERS} headers"
            message = f"the code called fetch with a request of more than {limit}"
    return _rejected(message)


def _rejected(message: str) -> Failed:
    return Failed(ErrorClass.REJECTED, message)


def _at(place: Place) -> str:
    return f" in line {place.line}, column {place.column}" if place.line else ""


def _named(status: int) -> str:
    return signal.strsignal(-status) or "a signal" if status < 0 else f"status {status}"


def _shown(line: ConsoleLine) -> str:
    return line.text if line.level == "info" else f"{line.level}: {line.text}"


def _with_console(failed: Failed, console: Sequence[ConsoleLine]) -> Failed:
    """A step that fails has no output: what was said last goes with the message."""
    if not console:
        return failed
    said = " | ".join(_shown(line) for line in console)[-CONSOLE_TAIL:]
    return Failed(failed.error_class, f"{failed.message}; console: {said}")
