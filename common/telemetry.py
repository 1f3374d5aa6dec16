"""What a process tells its operators: structured logs, metrics, and the trace of its work.

Log lines carry ids, never payloads. Redaction here is the second wall: whatever looks like a
secret is masked, wherever in the event it stands.
"""

import logging
import re
import secrets
import sys
from collections.abc import Generator, Iterable, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TextIO, cast

import orjson
import structlog
from prometheus_client import start_http_server
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from common.ids import new_id

REQUEST_ID_HEADER: Final = "x-request-id"
REDACTED: Final = "[redacted]"

_SECRET_KEY: Final = re.compile(
    r"authorization|password|passwd|secret|token|api_?key|cookie|credential|private_?key", re.I
)
# Bearer credentials, JSON Web Tokens, and the password of a URL.
_SECRET_TEXT: Final = re.compile(
    r"(?P<scheme>\bbearer\s+)[\w.~+/=-]+"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?P<user>://[^\s:/@]*:)[^\s@/]+(?=@)",
    re.I,
)
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?:$|-)"
)
_TRACESTATE: Final = re.compile(r"[ -~]{0,512}")
_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)

_trace: ContextVar["Trace | None"] = ContextVar("treadle_trace", default=None)
_request_id: ContextVar[str | None] = ContextVar("treadle_request_id", default=None)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a logger whose lines carry `name`; configuration is looked up at first use."""
    return structlog.get_logger(module=name)


def configure_logging(
    level: str = "info",
    log_format: Literal["json", "console"] = "json",
    *,
    service: str = "",
    output: TextIO | None = None,
) -> None:
    """Send every log line, the libraries' too, to `output` (stdout) in one format.

    Called once by a process, before it does anything else.
    """
    stream = output or sys.stdout
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_work_ids,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service_namer(service),
        structlog.processors.format_exc_info,
        redact_secrets,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=max(number, logging.INFO), handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "stripe", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))


def announce_ready(service: str, **addresses: str | None) -> None:
    """Print the line that supervisors wait for, whatever the log level."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        None, wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET)
    )
    logger.info("ready", service=service, **addresses)


def redact_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask values whose key or content looks like a secret (a structlog processor)."""
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: str, value: object) -> object:
    if isinstance(value, str):
        if _names_a_secret(key):
            return REDACTED
        return _SECRET_TEXT.sub(_mask, value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return {str(k): _redacted(str(k), v) for k, v in mapping.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(key, item) for item in cast("Iterable[object]", value)]
    return value


@lru_cache(maxsize=1024)
def _names_a_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


def _mask(match: re.Match[str]) -> str:
    return (match["scheme"] or match["user"] or "") + REDACTED


def _add_work_ids(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (request_id := _request_id.get()) is not None:
        event.setdefault("request_id", request_id)
    if (trace := _trace.get()) is not None:
        event.setdefault("trace_id", trace.trace_id)
    return event


def _service_namer(service: str) -> Processor:
    def add_service(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if service:
            event.setdefault("service", service)
        return event

    return add_service


def _dumps(value: object, **_: object) -> str:
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> str:
    return _SECRET_TEXT.sub(_mask, str(value))


@dataclass(frozen=True, slots=True)
class Trace:
    """A position in a distributed trace (W3C Trace Context): the trace, and one span in it."""

    trace_id: str
    span_id: str
    sampled: bool = True
    state: str = ""

    @classmethod
    def start(cls) -> "Trace":
        """Begin a trace of its own."""
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    def child(self) -> "Trace":
        """Return a new span of the same trace."""
        return Trace(self.trace_id, secrets.token_hex(8), self.sampled, self.state)

    @property
    def traceparent(self) -> str:
        """The `traceparent` header that hands this span on as the parent."""
        return f"00-{self.trace_id}-{self.span_id}-{self.sampled:02x}"


def extract(headers: Mapping[str, str]) -> Trace | None:
    """Read the sender's span from headers with lower-case names; None when absent or malformed.

    Versions above 00 are read as 00, as the recommendation asks.
    """
    match = _TRACEPARENT.match(headers.get("traceparent", ""))
    if match is None:
        return None
    state = headers.get("tracestate", "")
    return Trace(
        match["trace"],
        match["span"],
        sampled=bool(int(match["flags"], 16) & 1),
        state=state if _TRACESTATE.fullmatch(state) else "",
    )


def request_id_of(headers: Mapping[str, str]) -> str:
    """Return the sender's request id from headers with lower-case names, or a new one."""
    request_id = headers.get(REQUEST_ID_HEADER, "")
    return request_id if _REQUEST_ID.fullmatch(request_id) else str(new_id())


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the current span to `headers`, so that the receiver's work joins the trace."""
    if (trace := _trace.get()) is not None:
        headers["traceparent"] = trace.traceparent
        if trace.state:
            headers["tracestate"] = trace.state


@contextmanager
def traced(parent: Trace | None, *, request_id: str | None = None) -> Generator[Trace, None, None]:
    """Do the block's work in a span under `parent` (without one, in a new trace)."""
    span = parent.child() if parent else Trace.start()
    trace_token = _trace.set(span)
    request_token = _request_id.set(request_id or _request_id.get())
    try:
        yield span
    finally:
        _request_id.reset(request_token)
        _trace.reset(trace_token)


def current_trace() -> Trace | None:
    """Return the span the current work is in."""
    return _trace.get()


def current_request_id() -> str | None:
    """Return the id of the request the current work serves."""
    return _request_id.get()


@contextmanager
def metrics_endpoint(listen: str) -> Generator[str | None, None, None]:
    """Serve metrics on `listen` during the block and yield the real address; nothing when empty."""
    if not listen:
        yield None
        return
    host, _, port = listen.rpartition(":")
    # A thread of its own, so that metrics are answered while the event loop is busy.
    server, thread = start_http_server(int(port), host.strip("[]"))
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
