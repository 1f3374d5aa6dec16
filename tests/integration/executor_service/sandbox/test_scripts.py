"""What a script finds, and what its author is told, by both engines."""

from collections.abc import AsyncGenerator
from typing import Any

import orjson
import pytest

from executor_service.sandbox.host import Sandbox
from executor_service.sandbox.limits import (
    MAX_ANSWER_BYTES,
    MAX_CONSOLE_BYTES,
    MAX_CONSOLE_LINES,
    MAX_FETCHES,
    MAX_LINE_LENGTH,
)
from executor_service.sandbox.results import (
    ConsoleLine,
    Limit,
    LimitHit,
    NoModules,
    Phase,
    Place,
    Report,
    Returned,
    Stuck,
    Threw,
)
from tests.support.egress import respond, serve
from tests.support.sandbox import (
    CONTEXT,
    ENGINES,
    STEP_KEY,
    fetcher,
    public_server,
    run,
    sandbox,
    script,
    unreachable,
)


@pytest.fixture(scope="module", params=ENGINES)
async def box(request: pytest.FixtureRequest) -> AsyncGenerator[Sandbox]:
    """A sandbox with one of the engines."""
    async with sandbox(request.param) as made:
        yield made


def value_of(report: Report) -> Any:
    """What the script returned."""
    assert isinstance(report.ending, Returned), report
    return orjson.loads(report.ending.text)


RETURNS = {
    "a number": ("return 1", 1),
    "nothing": ("", None),
    "undefined inside": ("return { a: undefined, b: [undefined] }", {"b": [None]}),
    "no number": ("return [NaN, Infinity, -0]", [None, None, 0]),
    "a date": ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
    "after an await": ("return (await Promise.all([1, Promise.resolve(2)])).length", 2),
    "the data": ("return { contact, workflow, execution, steps, event }", CONTEXT),
    "beyond ASCII": ("return 'ä€😀\\ud800'", "ä€😀?"),
    "large and small": ("return [1e21, 2 ** 53, 1e-7]", [1e21, 2**53, 1e-7]),
    "frozen data": (
        "return [contact, contact.tags, contact.custom_fields].every(Object.isFrozen)",
        True,
    ),
    "names of one's own": ("const contact = 1, console = 2; return contact + console", 3),
}


@pytest.mark.parametrize(("code", "value"), RETURNS.values(), ids=RETURNS)
async def test_a_script_returns_json(box: Sandbox, code: str, value: object) -> None:
    assert value_of(await run(box, code)) == value


FAILURES: dict[str, tuple[str, Threw | LimitHit | Stuck]] = {
    "an error": (
        "const a = 1;\n\n  throw new RangeError('too far');",
        Threw(Phase.RUN, "RangeError", "too far", Place(3, 13)),
    ),
    "an error after an await": (
        "await null;\nnothing.at_all;",
        Threw(Phase.RUN, "ReferenceError", "nothing is not defined", Place(2, 1)),
    ),
    "an error in a function": (
        "const f = (x) => {\n  return x.y.z;\n};\nf({});",
        Threw(Phase.RUN, "TypeError", "cannot read property 'z' of undefined", Place(2, 10)),
    ),
    "a syntax error": (
        "let a = 1;\nlet b = ;",
        Threw(Phase.SYNTAX, "SyntaxError", "unexpected token in expression: ';'", Place(2, 9)),
    ),
    "something else thrown": (
        "throw { code: 7 };",
        Threw(Phase.RUN, "", '{"code":7}', Place()),
    ),
    "data changed": (
        "contact.name = 'x';",
        Threw(Phase.RUN, "TypeError", "'name' is read-only", Place(1, 1)),
    ),
    "what is no JSON": (
        "return 1n;",
        Threw(Phase.RESULT, "TypeError", "BigInt are forbidden in JSON.stringify", Place()),
    ),
    "a function returned": (
        "return () => 1;",
        Threw(Phase.RESULT, "TypeError", "a function cannot be returned", Place()),
    ),
    "memory": (
        "const a = [];\nfor (;;) a.push(new Uint8Array(1e6).fill(1));",
        LimitHit(Limit.MEMORY, Place(2, 21)),
    ),
    "output": ("return 'x'.repeat(300000);", LimitHit(Limit.OUTPUT)),
    "a promise for ever": ("await new Promise(() => {});", Stuck()),
}


@pytest.mark.parametrize(("code", "ending"), FAILURES.values(), ids=FAILURES)
async def test_its_author_is_told_what_and_where(
    box: Sandbox, code: str, ending: Threw | LimitHit | Stuck
) -> None:
    told = (await run(box, code)).ending
    if isinstance(ending, Threw) and ending.phase is Phase.RESULT:
        # Where our own code noticed is nowhere in the script.
        assert isinstance(told, Threw)
        assert (told.phase, told.name, told.place) == (ending.phase, ending.name, ending.place)
    else:
        assert told == ending


async def test_the_console_shows_what_was_said(box: Sandbox) -> None:
    code = """
      console.log("text", 1, { a: [null] }, undefined);
      console.warn(new TypeError("odd"));
      console.error();
      console.debug({ toJSON() { throw 1 } });
      throw new Error("at last");
    """
    report = await run(box, code)

    assert report.console == (
        ConsoleLine("info", 'text 1 {"a":[null]} undefined'),
        ConsoleLine("warn", "TypeError: odd"),
        ConsoleLine("error", ""),
        ConsoleLine("debug", "[cannot be shown]"),
    )
    assert isinstance(report.ending, Threw)


async def test_the_console_is_cut_where_it_is_full(box: Sandbox) -> None:
    many = await run(box, "for (let i = 0; i < 1000; i++) console.log(i);")
    long = await run(box, "for (let i = 0; i < 100; i++) console.log('x'.repeat(1e4));")

    assert [line.text for line in many.console] == [str(i) for i in range(MAX_CONSOLE_LINES)]
    assert {len(line.text) for line in long.console} == {MAX_LINE_LENGTH}
    assert sum(len(line.text) for line in long.console) <= MAX_CONSOLE_BYTES


async def test_fetch_calls_and_reads(box: Sandbox) -> None:
    heard: list[bytes] = []
    body = b'{"name": "caf\xc3\xa9"}'
    answer = b"HTTP/1.1 201 Created\r\nX-Kind: A\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )
    code = """
      const first = await fetch("http://api.example.com/a?b=c");
      const second = await fetch(new Headers([["x", "http://api.example.com/d"]]).get("X"), {
        method: "post", body: JSON.stringify({ contact: contact.name }),
        headers: { "Content-Type": "application/json", "X-Mine": "1" },
      });
      const { status, ok, statusText, url, headers } = second;
      return [await first.text(), await second.json(), status, ok, statusText, url,
        headers.get("x-KIND"), headers.has("nothing"), headers.get("nothing"), [...headers].length];
    """
    async with serve(respond(answer, heard)) as port, public_server(port) as client:
        report = await box.run(script(code), fetcher(client))

    text = body.decode()
    assert value_of(report) == [
        *(text, orjson.loads(text), 201, True, "Created", "http://api.example.com/d"),
        *("A", False, None, 2),
    ]
    first, second = (head.decode().lower() for head in heard)
    assert first.startswith("get /a?b=c http/1.1\r\nhost: api.example.com\r\n")
    assert f"idempotency-key: {STEP_KEY}\r\n" in first
    assert second.startswith("post /d http/1.1\r\n")
    assert f"idempotency-key: {STEP_KEY}-2\r\n" in second
    assert "content-type: application/json\r\n" in second
    assert second.count("content-type") == 1
    assert "x-mine: 1\r\n" in second


async def test_a_script_names_its_own_key(box: Sandbox) -> None:
    heard: list[bytes] = []
    code = "await fetch('http://api.example.com/', { headers: { 'idempotency-KEY': 'mine' } });"
    ok = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with serve(respond(ok, heard)) as port, public_server(port) as client:
        report = await box.run(script(code), fetcher(client))

    assert value_of(report) is None
    (head,) = (each.decode().lower() for each in heard)
    assert "idempotency-key: mine\r\n" in head
    assert head.count("idempotency-key") == 1


async def test_a_call_that_memory_does_not_hold_is_no_call(box: Sandbox) -> None:
    code = """
      const large = { method: "POST", body: "x".repeat(14e6) };
      const failed = await fetch("http://api.example.com/", large).catch((error) => error.message);
      return [failed, (await fetch("http://api.example.com/")).status];
    """
    heard: list[bytes] = []
    ok = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with serve(respond(ok, heard)) as port, public_server(port) as client:
        report = await box.run(script(code), fetcher(client))

    assert value_of(report) == ["out of memory", 204]
    (head,) = (each.decode().lower() for each in heard)
    assert f"idempotency-key: {STEP_KEY}\r\n" in head


async def test_answers_come_as_they_come(box: Sandbox) -> None:
    code = """
      const urls = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `http://api.example.com/${n}`);
      const all = await Promise.all(urls.map((url) => fetch(url).then((r) => r.text())));
      const failed = await Promise.allSettled([fetch("http://nowhere.example.com/")]);
      return [all.join(""), failed[0].status, failed[0].reason.message];
    """
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    async with serve(respond(ok)) as port, public_server(port) as client:
        report = await box.run(script(code), fetcher(client))

    message = "fetch failed: the host's name could not be resolved"
    assert value_of(report) == ["x" * 8, "rejected", message]


async def test_a_failed_fetch_that_nobody_catches_is_known_for_one(box: Sandbox) -> None:
    report = await run(box, "await fetch('http://nowhere.example.com/');")

    ending = report.ending
    assert isinstance(ending, Threw)
    assert (ending.name, ending.network) == ("TypeError", True)


async def test_an_answer_may_be_too_large(box: Sandbox) -> None:
    size = MAX_ANSWER_BYTES + 1
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
    async with serve(respond(answer, close=True)) as port, public_server(port) as client:
        report = await box.run(script("await fetch('http://api.example.com/')"), fetcher(client))

    ending = report.ending
    assert isinstance(ending, Threw)
    assert ending.message == f"fetch failed: the response is larger than {MAX_ANSWER_BYTES} bytes"


async def test_no_call_more_than_allowed(box: Sandbox) -> None:
    most = f"for (let i = 0; i < {MAX_FETCHES}; i++) await fetch('http://x.example').catch(() => 0)"

    assert value_of(await run(box, most)) is None
    assert (await run(box, most.replace("<", "<="))).ending == LimitHit(Limit.FETCHES)


MODULES = {
    "slugs": "export const slug = (text) => text.toLowerCase().replaceAll(' ', '-');",
    "page": "import { slug } from 'slugs'; export default (text) => `/${slug(text)}`;",
}


async def test_a_script_imports_what_it_is_given() -> None:
    code = """
      const { default: page } = await import("page");
      const missing = await import("fs").catch((error) => error.message);
      return [page("A New Page"), missing];
    """
    async with sandbox() as box, unreachable() as client:
        report = await box.run(script(code, modules=MODULES), fetcher(client))

    assert value_of(report) == ["/a-new-page", "module not found: fs"]


async def test_the_second_engine_says_that_it_has_no_modules() -> None:
    async with sandbox("quickjs-ng") as box, unreachable() as client:
        report = await box.run(script("return 1", modules=MODULES), fetcher(client))

    assert report.ending == NoModules()
