"""The command line of the fault suite: what makes no sense starts no stack."""

import sys

import pytest

from tests.chaos.__main__ import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "20..1"], "must be as 1..20"),
        (["--seeds", "all"], "must be as 1..20"),
        (["--seconds", "0"], "must be a number of seconds"),
        (["--seconds", "nan"], "must be a number of seconds"),
        (["--kinds", "earthquake"], "must be some of"),
    ],
    ids=["no seeds", "no numbers", "no time", "no number", "no kind"],
)
def test_what_makes_no_sense_is_refused(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["chaos", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
