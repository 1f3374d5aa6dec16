"""custom_code: SPEC-WFL-003 R5.4."""

import signal
from pathlib import Path
from typing import Any

import orjson
import pytest

from common.catalogue import catalogue
from common.script_modules import ModuleStore
from executor_service.domain.outcome import ErrorClass, Failed
from executor_service.handlers.code.custom_code import CONSOLE_TAIL, outcome_of
from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.isolation import Isolation
from executor_service.sandbox.results import (
    ConsoleLine,
    Died,
    Ending,
    Limit,
    LimitHit,
    NoModules,
    Report,
    Returned,
    Script,
    Usage,
)
from tests.unit.executor_service.handlers.harness import (
    CONTACT,
    CONTEXT,
    Bench,
    Case,
    case_id,
    closed_port_url,
)

WHOLE = {
    **CONTEXT,
    "workflow": {"name": "Welcome"},
    "execution": {"id": "e1"},
    "steps": {"score": {"result": 7}},
    "event": {"type": "tag_added"},
}
READS = (
    "return [contact.email, workflow.name, execution.id, steps.score.result, event.type,"
    " typeof account, typeof user];"
)


def code(text: str, **more: object) -> dict[str, Any]:
    """A configuration."""
    return {"code": text, **more}


CASES = [
    Case(
        "reads what it is given",
        code(READS),
        WHOLE,
        output={
            "result": [CONTACT["email"], "Welcome", "e1", 7, "tag_added"] + ["undefined"] * 2,
            "console": [],
        },
        claims=0,
    ),
    Case("finds null where nothing is", code("return event"), output={"result": None}),
    Case("returns nothing", code("1"), output={"result": None}),
    Case(
        "leaves merge fields alone",
        code("return '{{ contact.nickname }}'"),
        output={"result": "{{ contact.nickname }}"},
    ),
    Case(
        "keeps the console",
        code("console.log('a', 1); console.warn('b'); return 1"),
        output={"result": 1, "console": ["a 1", "warn: b"]},
    ),
    Case("keeps no NUL", code("return {'a\\0': 'b\\0'}"), output={"result": {"a�": "b�"}}),
    Case(
        "says where the code failed, and what it had said",
        code("console.log('so far');\nconst x = null;\nx.y;"),
        outcome="failed",
        error="rejected",
        message=(
            r"^the code failed in line 3, column 1: TypeError: cannot read property 'y' of null;"
            r" console: so far$"
        ),
    ),
    Case(
        "says where the code cannot be read",
        code("let a =\nlet b"),
        outcome="failed",
        error="invalid_config",
        message="^the code cannot be read in line 2, column 1: SyntaxError: ",
    ),
    Case(
        "says what is no JSON",
        code("return 1n"),
        outcome="failed",
        error="rejected",
        message="^what the code returned is no JSON: TypeError: ",
    ),
    Case(
        "says what is too deep",
        code("let o = 1; for (let i = 0; i < 65; i++) o = [o]; return o"),
        outcome="failed",
        error="rejected",
        message="^the code returned JSON that is nested more than 64 levels deep$",
    ),
    Case(
        "says what is too much",
        code("return 'x'.repeat(300000)"),
        outcome="failed",
        error="rejected",
        message="^the code returned more than 256 KiB of JSON$",
    ),
    Case(
        "ends at its time limit",
        code("for (;;);", timeout_ms=60),
        outcome="failed",
        error="rejected",
        message="^the code took longer than its time limit of 60 ms$",
    ),
    Case(
        "ends at its memory limit",
        code("\nconst a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))", memory_limit_mb=16),
        outcome="failed",
        error="rejected",
        message="^the code took more than its memory limit of 16 MiB in line 2, column ",
    ),
    Case(
        "does not wait for nothing",
        code("await new Promise(() => {})"),
        outcome="failed",
        error="rejected",
        message="^the code waits for a promise that nothing will ever settle$",
    ),
    Case(
        "names a module that is not there",
        code("return 1", allowed_modules=["slugify"]),
        outcome="failed",
        error="invalid_config",
        message="^allowed_modules: the module 'slugify' is not installed$",
    ),
    Case(
        "imports nothing that it was not allowed",
        code("await import('fs')"),
        outcome="failed",
        error="rejected",
        message="module not found: fs",
    ),
    Case(
        "does not fetch what is not allowed",
        code("await fetch('file:///etc/passwd')"),
        outcome="failed",
        error="rejected",
        message="TypeError: fetch was not allowed: the URL must start with http:// or https://",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=case_id)
async def test_custom_code(bench: Bench, case: Case) -> None:
    await bench.check("custom_code", "sink", case)


async def test_calls_carry_the_steps_key(bench: Bench) -> None:
    text = f"""
      const send = (n) => fetch("{bench.url}/sink/crm", {{
        method: "POST", body: JSON.stringify({{ n }}) }});
      return [(await send(1)).status, (await send(2)).ok];
    """
    task = bench.task("custom_code", code(text))

    first = await bench.run(task)
    task.attempt_id = "0195f000-0000-7000-8000-0000000000aa"
    second = await bench.run(task)

    for result in (first, second):
        assert orjson.loads(result.completed.output_json)["result"] == [200, True]  # type: ignore[union-attr]
    heard = [each["details"]["headers"]["idempotency-key"] for each in bench.inbox("sink")]
    step = task.action_execution_id
    assert heard == [step, f"{step}-2"] * 2


async def test_a_call_without_an_answer_is_tried_again(bench: Bench) -> None:
    case = Case(
        "retries",
        code(f"await fetch('{closed_port_url()}')"),
        outcome="failed",
        error="network_timeout",
        message="^the code failed: TypeError: fetch failed: ",
    )
    await bench.check("custom_code", "sink", case)


async def test_installed_modules_can_be_imported(bench: Bench, tmp_path: Path) -> None:
    bench.modules = ModuleStore(tmp_path)
    bench.modules.add("@acme/double", b"export default (x) => 2 * x;")
    bench.use(provider_url=bench.url)
    text = "const { default: double } = await import('@acme/double'); return double(21);"

    result = await bench.result("custom_code", code(text, allowed_modules=["@acme/double"]))

    assert orjson.loads(result.completed.output_json)["result"] == 42


async def test_without_a_sandbox_the_step_is_tried_again(bench: Bench) -> None:
    bench.use(
        provider_url=bench.url,
        sandbox=Sandbox(engine="spidermonkey", accepted=Isolation.NAMESPACES, at_once=1),
    )
    case = Case("fails", code("return 1"), outcome="failed", error="service_unavailable")
    result = await bench.check("custom_code", "sink", case)
    assert result.failed.message == "the code could not be run: the sandbox is down"  # type: ignore[union-attr]


SCRIPT = Script(code="", context={}, modules={}, timeout_ms=5000, memory_mb=128)


def report(ending: Ending, *lines: ConsoleLine) -> Report:
    return Report(ending, lines, Usage(0, 0, 0))


ENDINGS: dict[str, tuple[Ending, str]] = {
    "calls": (LimitHit(Limit.FETCHES), "the code called fetch more than 20 times"),
    "a request": (
        LimitHit(Limit.REQUEST),
        "the code called fetch with a request of more than 512 KiB, or of more than 100 headers",
    ),
    "memory": (LimitHit(Limit.MEMORY), "the code took more than its memory limit of 128 MiB"),
    "a crash": (
        Died(-signal.SIGSEGV),
        "the code brought its process down (Segmentation fault)",
    ),
    "an exit": (Died(1), "the code brought its process down (status 1)"),
    "no modules": (
        NoModules(),
        "allowed_modules: the engine that runs here cannot import modules",
    ),
    "no JSON": (
        Returned(b"{"),
        "the code returned JSON that is nested more than 64 levels deep",
    ),
}


@pytest.mark.parametrize(("ending", "message"), ENDINGS.values(), ids=ENDINGS)
def test_every_ending_has_a_message(ending: Ending, message: str) -> None:
    outcome = outcome_of(report(ending), SCRIPT)

    assert isinstance(outcome, Failed)
    assert outcome.message == message


def test_an_answer_that_takes_too_long_is_waited_for_again() -> None:
    outcome = outcome_of(report(LimitHit(Limit.TIME, fetching=True)), SCRIPT)

    message = "the code took longer than its time limit of 5000 ms, waiting for fetch"
    assert outcome == Failed(ErrorClass.NETWORK_TIMEOUT, message)


def test_a_failure_shows_the_end_of_a_long_console() -> None:
    lines = [ConsoleLine("info", f"line {n}") for n in range(1000)]

    outcome = outcome_of(report(LimitHit(Limit.TIME), *lines), SCRIPT)

    assert isinstance(outcome, Failed)
    said = outcome.message.partition("; console: ")[2]
    assert said.endswith("line 998 | line 999")
    assert len(said) == CONSOLE_TAIL


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no code": ({}, "code"),
    "empty code": (code(""), "code"),
    "long code": (code("x" * 65_537), "code"),
    "a long time": (code("1", timeout_ms=5001), "timeout_ms"),
    "no time": (code("1", timeout_ms=0), "timeout_ms"),
    "much memory": (code("1", memory_limit_mb=129), "memory_limit_mb"),
    "little memory": (code("1", memory_limit_mb=15), "memory_limit_mb"),
    "a nameless module": (code("1", allowed_modules=[""]), "allowed_modules[0]"),
    "many modules": (code("1", allowed_modules=["a"] * 21), "allowed_modules"),
}


@pytest.mark.parametrize(("config", "field"), BAD.values(), ids=BAD)
def test_a_configuration_that_cannot_work_is_refused(config: dict[str, Any], field: str) -> None:
    violations = catalogue().get("custom_code").validate(config).violations

    assert [each.field for each in violations] == [field]


def test_the_limits_are_the_defaults() -> None:
    config = catalogue().get("custom_code").to_message(code("1")).custom_code  # type: ignore[attr-defined]

    assert (config.timeout_ms, config.memory_limit_mb) == (5000, 128)
