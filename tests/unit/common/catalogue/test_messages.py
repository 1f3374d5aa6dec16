"""The catalogue as it is served."""

import json
import subprocess
import sys
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from common.catalogue import action_type_json, action_type_message, action_types, catalogue


def test_the_json_of_a_type() -> None:
    spec = catalogue().get("add_tag")
    found = action_type_json(spec)
    assert found | {"config_schema": {}, "output_schema": {}} == {
        "type": "add_tag",
        "category": "crm",
        "label": "Add tag",
        "description": "Adds a tag to the contact and creates the tag when it does not exist.",
        "defaults": {},
        "config_schema": {},
        "output_schema": {},
    }
    assert found["config_schema"] == spec.config_schema()
    assert found["output_schema"]["properties"]["tag_name"]["type"] == "string"
    json.dumps(found)


def test_the_message_says_the_same() -> None:
    for spec in catalogue().types.values():
        message = action_type_message(spec)
        shown = MessageToDict(message, preserving_proto_field_name=True)
        assert {"defaults": {}} | shown == action_type_json(spec)


def test_types_by_category() -> None:
    found = [each.type for each in action_types("communication")]
    assert found == ["make_call", "send_email", "send_messenger", "send_sms", "send_voicemail"]
    assert len(action_types()) == len(catalogue().types)
    assert action_types("nothing") == ()


def test_the_reference_documentation_is_current() -> None:
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "tools/gen_docs.py", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
