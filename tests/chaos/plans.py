"""The workflows that the suite loads the stack with: a step of every kind that can be lost,
doubled, or done out of turn, and what each does to its contact's counters.
"""

from dataclasses import dataclass
from typing import Any

from tests.chaos.model import Plan, PlanStep
from tests.support.e2e_rest import Customer, Json
from tests.support.e2e_simulator import Providers

_REFUSES = "refuses"
_FLAKY = "flaky"
_PROBE = "probe"
_NUMBER = "+14155550100"


def standing_refusals(providers: Providers) -> None:
    """One receiver of webhooks refuses always, one now and then."""
    providers.misbehave("sink", "422", to=_REFUSES)
    providers.misbehave("sink", "503", to=_FLAKY, rate=0.3)


@dataclass(frozen=True, slots=True)
class Places:
    """What configurations name."""

    simulator_url: str
    template: str


def plans(places: Places) -> tuple[Plan, ...]:
    """All workflows; the first one is the probe."""
    return (
        Plan(_PROBE, (_tag("probe"),)),
        Plan(
            "journey",
            (
                _count("points", 1),
                PlanStep("note", "add_note", {"content": "Met {{contact.id}}"}, {"notes": 1}),
                _wait(1),
                _hook("hook", places, "journey"),
                _count("points", 2, "more"),
                PlanStep("text", "send_sms", _TEXT),
                _tag("arrived"),
            ),
        ),
        Plan(
            "letters",
            (
                PlanStep("letter", "send_email", _letter(places)),
                PlanStep(
                    "form",
                    "wait_for_event",
                    {
                        "event_type": "form_submit",
                        "timeout_duration": 4,
                        "timeout_unit": "seconds",
                        "timeout_action": "branch",
                    },
                    branch=(_count("silent", 1), _tag("silent-tag")),
                ),
                _count("points", 5, "answered"),
            ),
        ),
        Plan(
            "trouble",
            (
                _hook("passed over", places, _REFUSES, on_error="continue"),
                _hook("again and again", places, _FLAKY, max_retries=10),
                _hook("given up", places, _REFUSES, on_error="fallback", fallback="rescue"),
                _count("never", 1),
                _count("points", 7, "rescue"),
                _hook("the end", places, _REFUSES),
                _count("never", 1, "never more"),
            ),
        ),
        Plan("notices", (PlanStep("notice", "send_notification", _NOTICE), _count("points", 11))),
        Plan("heard", (_count("heard", 1),), started_by_tag="arrived"),
    )


_TEXT: Json = {
    "message": "Hello {{contact.first_name}}",
    "from_number": _NUMBER,
    "respect_quiet_hours": False,
}
_NOTICE: Json = {
    "recipient_type": "role",
    "role": "sales",
    "channels": ["in_app", "email", "sms"],
    "title": "{{ contact.id }}",
    "message": "A new lead",
}


def _letter(places: Places) -> Json:
    return {
        "template_id": places.template,
        "subject": "Hello",
        "from_name": "Treadle",
        "from_email": "hello@example.com",
        "purpose": "transactional",
    }


def _tag(name: str) -> PlanStep:
    return PlanStep(name, "add_tag", {"tag_name": name})


def _wait(seconds: int) -> PlanStep:
    return PlanStep("wait", "wait_time", {"duration": seconds, "unit": "seconds"})


def _count(counter: str, by: int, name: str = "") -> PlanStep:
    config = {
        "field_updates": [{"field": f"custom_fields.{counter}", "value": by}],
        "update_mode": "increment",
    }
    return PlanStep(name or counter, "update_contact", config, {counter: by})


def _hook(
    name: str,
    places: Places,
    sink: str,
    *,
    on_error: str = "stop",
    fallback: str = "",
    max_retries: int = 3,
) -> PlanStep:
    config = {
        "url": f"{places.simulator_url}/sink/{sink}",
        "method": "POST",
        "payload": {"contact": "{{contact.id}}"},
        "timeout_seconds": 5,
        "max_retries": max_retries,
    }
    return PlanStep(name, "webhook_call", config, on_error=on_error, fallback=fallback)


def found(api: Customer, plan: Plan) -> str:
    """Makes the workflow in the stack and activates it; returns its id."""
    workflow: str = api.post("workflows", {"name": plan.name})["id"]
    for step in plan.steps:
        made = api.post(f"workflows/{workflow}/actions", _body(step))
        if step.branch:
            _add_branch(api, workflow, made["id"], step)
    actions = api.steps(workflow)
    for step in plan.steps:
        if step.fallback:
            body = {"on_error": "fallback", "fallback_action_id": actions[step.fallback]["id"]}
            api.put(f"workflows/{workflow}/actions/{actions[step.name]['id']}", body)
    if plan.started_by_tag:
        condition = {"field": "tag_name", "value": plan.started_by_tag}
        trigger = {"event_type": "tag_added", "conditions": [condition]}
        body = {"triggers": [trigger], "re_entry": "always"}
        api.put(f"workflows/{workflow}/triggers", body)
    api.post(f"workflows/{workflow}/activate")
    return workflow


def _add_branch(api: Customer, workflow: str, action: str, step: PlanStep) -> None:
    body = {"name": f"{step.name} in vain", "parent_action_id": action}
    branch = api.post(f"workflows/{workflow}/branches", body)["id"]
    for each in step.branch:
        api.post(f"workflows/{workflow}/actions", _body(each) | {"branch_id": branch})
    config = {**step.config, "timeout_branch_id": branch}
    api.put(f"workflows/{workflow}/actions/{action}", {"action_config": config})


def _body(step: PlanStep) -> dict[str, Any]:
    config = dict(step.config)
    if step.branch:
        # The branch can be named once its action is there.
        config.pop("timeout_action")
    body: dict[str, Any] = {
        "action_type": step.action_type,
        "action_config": config,
        "name": step.name,
    }
    return body | ({"on_error": step.on_error} if step.on_error == "continue" else {})
