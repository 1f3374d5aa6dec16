"""`treadle demo`: the whole story, judged by its own last line and exit code."""

import re

from tests.support.foreground import Foreground


def test_demo_completes_every_action_once() -> None:
    with Foreground("demo") as demo:
        code = demo.process.wait(180)
        demo.wait_for("demo: ", 5)
        output = demo.output
    assert code == 0, output
    last = output.rstrip("\n").rpartition("\n")[2]
    pattern = r"demo: 300 contacts, 3000/3000 actions completed, 0 failed, (\d+\.\d) s"
    assert re.fullmatch(pattern, last), output
    assert "Timeline of" in output
    assert "Email to" in output
    owners = "Alan Turing 100, Grace Hopper 100, Radia Perlman 100"
    assert re.search(rf"owners +│ +300 │ {owners}", output), output
    assert re.search(r"welcome_email +│ clicked 300", output), output
    assert re.search(r"confirm_by_sms +│ delivered 300", output), output
    for made in ("opportunities", "tasks", "notes", "course accesses"):
        assert re.search(rf"{made} +│ +300 │", output), output
