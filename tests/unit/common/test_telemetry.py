import asyncio
import io
import json
import logging
from collections.abc import Generator
from typing import Any
from urllib.request import urlopen

import pytest

from common.telemetry import (
    REDACTED,
    Trace,
    announce_ready,
    configure_logging,
    current_request_id,
    current_trace,
    extract,
    get_logger,
    inject,
    metrics_endpoint,
    request_id_of,
    traced,
)
from tests.support.logs import logging_kept

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture
def output() -> Generator[io.StringIO, None, None]:
    with logging_kept():
        yield io.StringIO()


def _lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_is_json_with_level_time_service_and_module(output: io.StringIO) -> None:
    configure_logging(service="scheduler", output=output)
    get_logger("a.module").info("armed", timer_id="t-1", due=[1, 2])
    (line,) = _lines(output)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "armed",
        "level": "info",
        "service": "scheduler",
        "module": "a.module",
        "timer_id": "t-1",
        "due": [1, 2],
    }


def test_libraries_log_in_the_same_form(output: io.StringIO) -> None:
    configure_logging(output=output)
    logging.getLogger("uvicorn.error").warning("Started %s", "x")
    logging.getLogger("uvicorn.error").debug("noise")
    (line,) = _lines(output)
    assert (line["event"], line["level"], line["logger"]) == (
        "Started x",
        "warning",
        "uvicorn.error",
    )


def test_the_level_is_kept_but_the_ready_line_always_comes(output: io.StringIO) -> None:
    configure_logging("error", service="gateway", output=output)
    get_logger("m").info("quiet")
    announce_ready("gateway", listen="127.0.0.1:8080", metrics=None)
    (line,) = _lines(output)
    assert (line["event"], line["service"], line["listen"]) == (
        "ready",
        "gateway",
        "127.0.0.1:8080",
    )


def test_an_exception_is_logged_with_its_stack(output: io.StringIO) -> None:
    configure_logging(output=output)
    error = ValueError("postgresql://treadle:pa55@db/x refused")
    get_logger("m").error("crashed", exc_info=error)
    (line,) = _lines(output)
    assert "ValueError" in line["exception"]
    assert "pa55" not in output.getvalue()


@pytest.mark.parametrize(
    "event",
    [
        {"authorization": "Bearer abc"},
        {"jwt_secret": "abc"},
        {"api_key": "abc"},
        {"nested": {"deeper": [{"password": "abc"}]}},
        {"note": "sent Bearer abc to it"},
        {"note": f"got {TOKEN}".replace("c2lnbmF0dXJl", "abc")},
        {"url": "nats://user:abc@host:4222"},
        {"tokens": ["abc"]},
        {"body": b"abc"},
        {"error": RuntimeError("Bearer abc")},
    ],
)
def test_secrets_are_masked_wherever_they_are(output: io.StringIO, event: dict[str, Any]) -> None:
    configure_logging(output=output)
    get_logger("m").info("happened", **event)
    assert "abc" not in output.getvalue()
    assert REDACTED in output.getvalue() or "3 bytes" in output.getvalue()


def test_ids_are_not_masked(output: io.StringIO) -> None:
    configure_logging(output=output)
    get_logger("m").info("happened", account_id="abc", url="http://host:80/a@b", count=3)
    (line,) = _lines(output)
    assert (line["account_id"], line["url"], line["count"]) == ("abc", "http://host:80/a@b", 3)


def test_lines_carry_the_trace_and_the_request(output: io.StringIO) -> None:
    configure_logging(output=output)
    with traced(extract({"traceparent": PARENT}), request_id="r-1"):
        get_logger("m").info("inside")
    get_logger("m").info("outside")
    inside, outside = _lines(output)
    assert inside["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert inside["request_id"] == "r-1"
    assert "trace_id" not in outside


def test_a_console_line_is_for_people(output: io.StringIO) -> None:
    configure_logging(log_format="console", output=output)
    get_logger("m").info("armed", timer_id="t-1")
    assert "timer_id=t-1" in output.getvalue()


def test_a_span_is_handed_on_as_the_parent() -> None:
    received = extract({"traceparent": PARENT, "tracestate": "vendor=1"})
    assert received == Trace(
        "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True, state="vendor=1"
    )
    assert received is not None
    headers: dict[str, str] = {}
    with traced(received) as span:
        inject(headers)
    assert span.trace_id == received.trace_id
    assert span.span_id != received.span_id
    assert headers == {"traceparent": span.traceparent, "tracestate": "vendor=1"}
    assert extract(headers) == span


def test_without_a_parent_a_trace_begins() -> None:
    headers: dict[str, str] = {}
    inject(headers)
    assert headers == {}
    with traced(None) as span:
        inject(headers)
    assert extract(headers) == span
    assert current_trace() is None
    assert current_request_id() is None


def test_a_request_id_lasts_through_inner_spans() -> None:
    with traced(None, request_id="r-1"), traced(None):
        assert current_request_id() == "r-1"


def test_a_request_id_is_the_senders_if_it_is_fit_to_pass_on() -> None:
    assert request_id_of({"x-request-id": "r-1"}) == "r-1"
    made = {request_id_of({"x-request-id": bad}) for bad in ("", "a b", "a\n", "x" * 129, "ä")}
    assert len(made) == 5
    assert all(len(request_id) == 36 for request_id in made)


def test_a_bad_tracestate_is_dropped_alone() -> None:
    trace = extract({"traceparent": PARENT, "tracestate": "v=1\r\nx: y"})
    assert trace is not None
    assert trace.state == ""


@pytest.mark.parametrize(
    "header",
    [
        "",
        "garbage",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        PARENT + "x",
    ],
)
def test_a_bad_traceparent_is_no_parent(header: str) -> None:
    assert extract({"traceparent": header}) is None


def test_a_later_version_is_read_as_the_first() -> None:
    trace = extract({"traceparent": "01" + PARENT[2:-2] + "00-more"})
    assert trace is not None
    assert not trace.sampled
    assert trace.traceparent.startswith("00-")


async def test_metrics_are_served_on_a_port_of_their_own() -> None:
    def read(address: str) -> str:
        with urlopen(f"http://{address}/metrics", timeout=60) as response:
            return response.read().decode()

    with metrics_endpoint("127.0.0.1:0") as address:
        assert address is not None
        assert not address.endswith(":0")
        assert "python_info" in await asyncio.to_thread(read, address)
    with metrics_endpoint("") as nothing:
        assert nothing is None
