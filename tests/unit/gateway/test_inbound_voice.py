"""TwiML for every script, and what strangers' texts do to it."""

from xml.dom.minidom import parseString

import pytest

from gateway.inbound.voice import NoScriptError, twiml

AUDIO = "https://cdn.example.com/a.mp3?x=1&y=<2>"
ESCAPED = "https://cdn.example.com/a.mp3?x=1&amp;y=&lt;2&gt;"
DETECTED = {"play": AUDIO, "detect": "1"}
DIAL = {"dial": "+14155550123", "caller_id": "+14155550100", "timeout": "30"}


@pytest.mark.parametrize(
    ("asked", "answered_by", "verb"),
    [
        (DETECTED, "machine_end_beep", f"<Play>{ESCAPED}</Play>"),
        (DETECTED, "machine_end_silence", f"<Play>{ESCAPED}</Play>"),
        (DETECTED, "machine_end_other", f"<Play>{ESCAPED}</Play>"),
        (DETECTED, "unknown", f"<Play>{ESCAPED}</Play>"),
        (DETECTED, "", f"<Play>{ESCAPED}</Play>"),
        (DETECTED, "human", "<Hangup/>"),
        (DETECTED, "fax", "<Hangup/>"),
        ({"play": AUDIO}, "human", f"<Play>{ESCAPED}</Play>"),
        (
            DIAL,
            "",
            '<Dial callerId="+14155550100" timeout="30"><Number>+14155550123</Number></Dial>',
        ),
        ({"enqueue": "Sales & <b>"}, "", "<Enqueue>Sales &amp; &lt;b&gt;</Enqueue>"),
        ({"redirect": AUDIO}, "", f'<Redirect method="POST">{ESCAPED}</Redirect>'),
    ],
)
def test_what_is_done_with_whoever_answers(
    asked: dict[str, str], answered_by: str, verb: str
) -> None:
    document = twiml(asked, answered_by)
    assert document == f'<?xml version="1.0" encoding="UTF-8"?><Response>{verb}</Response>'
    parseString(document)


@pytest.mark.parametrize(
    "text", ['"><Say>x</Say>', "</Play><Say>x</Say>", "&lt;", "a\u2028b", "]]>", "ü", "'\""]
)
def test_nothing_gets_out_of_its_place(text: str) -> None:
    for asked in (
        {"play": f"https://x.example/{text}"},
        {"redirect": f"https://x.example/{text}"},
        {"enqueue": text},
        {**DIAL, "caller_id": text, "timeout": text},
    ):
        response = parseString(twiml(asked, "")).documentElement
        assert response is not None
        assert len(response.childNodes) == 1
        assert not response.getElementsByTagName("Say")


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"play": ""},
        {"play": "http://cdn.example.com/a.mp3"},
        {"redirect": "javascript:alert(1)"},
        {"dial": "+1<Sip>x</Sip>"},
        {"dial": "911"},
        {"enqueue": ""},
        {"say": "hello"},
    ],
)
def test_an_address_that_says_nothing(asked: dict[str, str]) -> None:
    with pytest.raises(NoScriptError):
        twiml(asked, "")
