"""Workflow and contact files, the demo's own among them."""

from collections import Counter
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from devstack.loading import FileError, read_contacts, read_workflow

DEMO = Path(str(files("devstack.demo")))


def test_demo_contacts_are_plausible() -> None:
    contacts = read_contacts(DEMO / "contacts.csv")
    assert len(contacts) == 300
    for column in ("email", "phone"):
        counts = Counter(str(contact[column]).lower() for contact in contacts)
        assert max(counts.values()) == 1
    for contact in contacts:
        assert str(contact["email"]).endswith(("@example.com", "@example.org", "@example.net"))
        number = phonenumbers.parse(str(contact["phone"]))
        assert phonenumbers.is_possible_number(number)
        ZoneInfo(str(contact["timezone"]))
    assert len({str(contact["timezone"]) for contact in contacts}) > 20
    assert sum("first_name" not in contact for contact in contacts) > 0


def test_contacts_leave_out_what_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("email,first_name,custom_fields.plan\na@example.com,,pro\n", encoding="utf-8")
    assert read_contacts(file) == [{"email": "a@example.com", "custom_fields": {"plan": "pro"}}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns"),
        ("email,colour\n", "colour"),
        ("email,phone\na@example.com\n", "line 2"),
        ("email\na@example.com,extra\n", "line 2"),
        ('email\n"a\n', "line"),
    ],
)
def test_bad_contact_files_are_explained(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        read_contacts(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nactions: []", "actions"),
        ("name: x\nactions: [{action_type: add_tag, colour: red}]", "colour"),
        ("name: x\nactions: [{action_type: add_tag, name: '${nothing}'}]", "nothing"),
        ("name: [", "while parsing"),
    ],
)
def test_bad_workflow_files_are_explained(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        read_workflow(file, {})
