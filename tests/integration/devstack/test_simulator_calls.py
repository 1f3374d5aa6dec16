"""Twilio's calls as simulated: made by its own SDK, played, told of in order, and asked for."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from devstack.simulator.app import Simulator
from devstack.simulator.callbacks import Callbacks
from devstack.simulator.failures import Control
from devstack.simulator.outcomes import Outcome, Wish
from devstack.simulator.server import serving
from devstack.simulator.telling import Telling
from devstack.simulator.webhooks import Addresses, Webhooks, WebhookSecrets
from tests.support.waiting import until

ACCOUNT, TOKEN = "AC" + "1" * 32, "token-of-the-caller"
FROM, TO = "+14155550100", "+14155550123"
ALL = ["initiated", "ringing", "answered", "completed"]
PLAY = "<Response><Play>https://cdn.example.com/a.mp3</Play></Response>"
HANGUP = "<Response><Hangup/></Response>"


class Ear:
    """Hears what is told, and says what is to be done with whoever answers."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.twiml = PLAY
        self.heard: list[tuple[str, dict[str, str], str]] = []
        self.app = Starlette(routes=[Route("/{name}", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        name = request.path_params["name"]
        self.heard.append((name, form, request.headers["x-twilio-signature"]))
        return Response(self.twiml, media_type="text/xml")

    def statuses(self) -> list[str]:
        """The statuses told, and `voice` for a question, in order."""
        return [name if name == "voice" else form["CallStatus"] for name, form, _ in self.heard]


class _Here(TwilioHttpClient):
    """The SDK's own HTTP client, at the simulator's address."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=60)
        self._base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        return super().request(
            method, url.replace("https://api.twilio.com", self._base), *args, **more
        )


@dataclass
class World:
    """A simulator that calls, and whoever hears it."""

    telling: Telling
    simulator: Simulator
    url: str
    ear: Ear
    ear_url: str
    wishes: list[Outcome] = field(default_factory=list[Outcome])

    async def ask(self, work: Callable[[Any], Any]) -> Any:
        """Runs the SDK, which blocks."""
        client = Client(ACCOUNT, TOKEN, http_client=_Here(self.url))
        return await asyncio.to_thread(work, client)

    async def call(self, to: str = TO, **more: Any) -> Any:
        """Places a call, with all that is told of it."""
        given = {
            "url": f"{self.ear_url}/voice",
            "status_callback": f"{self.ear_url}/status",
            "status_callback_event": ALL,
            **more,
        }
        return await self.ask(lambda c: c.calls.create(to=to, from_=FROM, **given))

    async def end(self, sid: str) -> Any:
        """The call, once there is no more to tell of it."""
        await until(lambda: self.telling.callbacks.summary()["waiting"] == 0)
        return await self.ask(lambda c: c.calls(sid).fetch())


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    ear = Ear()
    telling = Telling(Callbacks(pace=0.001), Webhooks(Addresses(), WebhookSecrets()))
    simulator = Simulator(telling=telling)
    async with AsyncExitStack() as stack:
        ear_url = await stack.enter_async_context(serving(cast("Any", ear), "127.0.0.1", 0))
        url = await stack.enter_async_context(serving(simulator, "127.0.0.1", 0))
        await stack.enter_async_context(telling.callbacks.posting())
        yield World(telling, simulator, url, ear, ear_url)


async def test_a_call_is_played_and_told_of_in_order(world: World) -> None:
    made = await world.call(machine_detection="DetectMessageEnd", timeout=45)
    assert (made.status, made.to, made.direction) == ("queued", TO, "outbound-api")
    assert made.answered_by is None
    over = await world.end(made.sid)
    assert world.ear.statuses() == ["initiated", "ringing", "in-progress", "voice", "completed"]
    assert (over.status, over.answered_by, over.duration) == ("completed", "machine_end_beep", "24")
    validator = RequestValidator(TOKEN)
    for name, form, signature in world.ear.heard:
        assert validator.validate(f"{world.ear_url}/{name}", form, signature)
        assert (form["CallSid"], form["To"], form["From"]) == (made.sid, TO, FROM)
    forms = [form for _, form, _ in world.ear.heard]
    assert forms[3]["AnsweredBy"] == "machine_end_beep"
    assert (forms[4]["AnsweredBy"], forms[4]["CallDuration"]) == ("machine_end_beep", "24")
    numbers = [int(form["SequenceNumber"]) for form in forms if "SequenceNumber" in form]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("number", "statuses", "answered_by"),
    [
        ("+15005559011", ["initiated", "ringing", "busy"], None),
        ("+15005559012", ["initiated", "ringing", "no-answer"], None),
        ("+15005559016", ["initiated", "ringing", "canceled"], None),
        (
            "+15005559013",
            ["initiated", "ringing", "in-progress", "voice", "completed"],
            "human",
        ),
        ("+15005559015", ["initiated", "ringing", "in-progress", "voice", "completed"], "fax"),
        ("+15005559006", ["voice"], "machine_end_beep"),
    ],
)
async def test_a_number_says_who_answers(
    world: World, number: str, statuses: list[str], answered_by: str | None
) -> None:
    made = await world.call(number, machine_detection="Enable")
    over = await world.end(made.sid)
    assert world.ear.statuses() == statuses
    assert over.answered_by == answered_by
    assert over.status == ("completed" if "voice" in statuses else statuses[-1])


async def test_outcomes_that_were_asked_for_come_first(world: World) -> None:
    world.telling.outcomes.set(Wish(provider="twilio_voice", outcome=Outcome.BUSY, count=1))
    busy = await world.end((await world.call()).sid)
    held = await world.end((await world.call()).sid)
    assert (busy.status, held.status, held.answered_by) == ("busy", "completed", None)


async def test_what_is_said_decides_how_long_it_lasts(world: World) -> None:
    world.ear.twiml = HANGUP
    over = await world.end((await world.call(machine_detection="Enable")).sid)
    assert over.duration == "2"


async def test_only_what_is_asked_for_is_told(world: World) -> None:
    made = await world.ask(
        lambda c: c.calls.create(
            to=TO, from_=FROM, url=f"{world.ear_url}/voice", status_callback=f"{world.ear_url}/s"
        )
    )
    over = await world.end(made.sid)
    assert world.ear.statuses() == ["voice", "completed"]
    assert over.status == "completed"


async def test_a_recorded_call_has_a_recording(world: World) -> None:
    made = await world.call(record=True)
    await world.end(made.sid)
    (recording,) = await world.ask(lambda c: c.calls(made.sid).recordings.list(limit=1))
    told = world.ear.heard[-1][1]
    assert told["RecordingUrl"] == f"https://api.twilio.com{recording.uri.removesuffix('.json')}"
    plain = await world.call()
    await world.end(plain.sid)
    assert await world.ask(lambda c: c.calls(plain.sid).recordings.list(limit=1)) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "reception"}, 21211),
        ({"to": "+15005550001"}, 21217),
        ({"to": "+15005550003"}, 21215),
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "me"}, 21212),
        ({"url": "example.com"}, 21205),
        ({"machine_detection": "Maybe"}, 20001),
        ({"timeout": 601}, 20001),
    ],
)
async def test_what_twilio_refuses(world: World, given: dict[str, Any], code: int) -> None:
    wanted = {"to": TO, "from_": FROM, "url": f"{world.ear_url}/voice", **given}
    with pytest.raises(TwilioRestException) as refused:
        await world.ask(lambda c: c.calls.create(**wanted))
    assert (refused.value.status, refused.value.code) == (400, code)
    assert not world.simulator.inbox.page(provider="twilio_voice").items


async def test_an_unknown_call_is_not_found(world: World) -> None:
    with pytest.raises(TwilioRestException) as refused:
        await world.ask(lambda c: c.calls("CA" + "0" * 32).fetch())
    assert refused.value.status == 404


async def test_calls_are_made_to_fail_apart_from_messages(world: World) -> None:
    world.simulator.plan.set(Control(provider="twilio_voice", mode="503"))
    with pytest.raises(TwilioRestException) as refused:
        await world.call()
    assert refused.value.status == 503
    sms = await world.ask(lambda c: c.messages.create(to=TO, from_=FROM, body="Hi"))
    assert sms.status == "queued"


async def test_a_call_before_a_restart_is_over(world: World) -> None:
    made = await world.call()
    await world.end(made.sid)
    again = Simulator(inbox=world.simulator.inbox)
    async with serving(again, "127.0.0.1", 0) as url:
        world.url = url
        assert (await world.ask(lambda c: c.calls(made.sid).fetch())).status == "completed"
