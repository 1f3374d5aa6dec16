"""Which answers are keywords, however they are spelled."""

import pytest

from action_service.domain.help_answer import help_answer
from action_service.domain.opt_out import Keyword, keyword_of

STOP, START, HELP = Keyword.STOP, Keyword.START, Keyword.HELP


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        *((word, STOP) for word in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")),
        *((word, STOP) for word in ("REVOKE", "OPTOUT", "ARRET", "stop", "Stop", "sToP")),
        *(
            (word, STOP)
            for word in (" stop\n" + " " * 100, "STOP.", "Stop!!!", '"STOP"', "stop all")
        ),
        *((word, STOP) for word in ("opt-out", "Opt out", "arrêt", "please stop", "Stop, please.")),
        *((word, STOP) for word in ("\uff33\uff34\uff2f\uff30", "S T O P", "\u200bSTOP")),
        *((word, START) for word in ("START", "UNSTOP", "YES", "yes!", "un-stop")),
        *((word, HELP) for word in ("HELP", "INFO", "help?", "aide")),
    ],
)
def test_a_keyword_in_any_spelling(body: str, keyword: Keyword) -> None:
    assert keyword_of(body) is keyword


@pytest.mark.parametrize(
    "body",
    [
        "",
        "...",
        "Don't stop now",
        "Stop by at five?",
        "Yes, at five",
        "The end",
        "No",
        "stoppen",
        "please",
        "STOP" * 40,
    ],
)
def test_what_is_no_keyword(body: str) -> None:
    assert keyword_of(body) is None


@pytest.mark.parametrize(
    ("body", "read", "keyword"),
    [
        ("Basta", "STOP", STOP),
        ("hola", "START", START),
        ("STOP", "HELP", HELP),
        ("stop", "X", STOP),
    ],
    ids=["stop", "start", "help", "unknown"],
)
def test_what_the_provider_has_read_counts(body: str, read: str, keyword: Keyword) -> None:
    assert keyword_of(body, read) is keyword


@pytest.mark.parametrize(
    ("name", "given", "answer"),
    [
        ("Oak & Co", "", "Oak & Co: Reply STOP to get no more messages."),
        ("", " ", "Reply STOP to get no more messages."),
        ("Oak & Co", " Call +1 415 555 0100. ", "Call +1 415 555 0100."),
    ],
    ids=["named", "nameless", "own"],
)
def test_the_answer_to_help(name: str, given: str, answer: str) -> None:
    assert help_answer(name, given) == answer
