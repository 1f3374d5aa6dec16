"""Seed files: how they read, and how their faults are told."""

from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import JsonValue

from common.catalogue import catalogue
from devstack.loading import FileError
from devstack.seeds.document import filled_in, read_seed

EXAMPLE = Path(str(files("devstack.seeds"))) / "example.yaml"
DEMO = Path(str(files("devstack.demo"))) / "seed.yaml"
KNOWN = {"simulator_url": "http://127.0.0.1:1"}
ANY_ID = "0199d2a4-6f0e-7cc1-9f2b-0c5c1a7f3d10"


def test_the_example_has_some_of_every_kind() -> None:
    seed = read_seed(EXAMPLE)
    assert all(getattr(seed, kind) for kind in type(seed).model_fields)


@pytest.mark.parametrize("file", [EXAMPLE, DEMO])
def test_actions_are_valid(file: Path) -> None:
    for workflow in read_seed(file).workflows:
        for action in workflow.model_dump(mode="json")["actions"]:
            config = filled_in(action["action_config"], lambda name: KNOWN.get(name, ANY_ID))
            assert isinstance(config, dict)
            outcome = catalogue().get(action["action_type"]).validate(config)
            assert outcome.violations == (), action["name"]


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert not read_seed(file).users


def test_references_are_replaced_wherever_text_is() -> None:
    value: JsonValue = {"a": ["x ${tags.b c} y", 1, None], "d": {"e": "{{ contact.id }}"}}
    assert filled_in(value, str.upper) == {
        "a": ["x TAGS.B C y", 1, None],
        "d": {"e": "{{ contact.id }}"},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users: [{nme: x}]", "users.0.name: Field required; users.0.nme: Extra inputs"),
        ("user: []", "user: Extra inputs"),
        ("users: {a: b}", "users: Input should be a valid"),
        ("- a", "should be a valid dictionary"),
        ("pipelines: [{name: P, stages: []}]", "pipelines.0.stages"),
        ("pipelines: [{name: P, stages: [{name: A, outcome: x}]}]", "stages.0.outcome"),
        ("custom_fields: [{name: a, field_type: json}]", "custom_fields.0.field_type"),
        ("users: [{name: A}, {name: A}]", "users: 'A' is there twice"),
        ("contacts: [{email: a@b.io}, {email: A@b.io}]", "contacts: 'a@b.io' is there twice"),
        ("pipelines: [{name: P, stages: [{name: A}, {name: A}]}]", "'P' has 'A' twice"),
        ("workflows: [{name: W, actions: []}]", "workflows.0.actions"),
        ("users: [", "while parsing"),
    ],
)
def test_faults_are_told_with_file_and_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as refused:
        read_seed(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert said in str(refused.value)
