"""The workflows that the suite loads the stack with: a step of every kind that can be lost,
doubled, or done out of turn, and what each does to its contact's counters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.model import Plan, PlanStep, customer_of
from tests.chaos.schedule import PROVIDERS
from tests.support.e2e_rest import Customer, Json
from tests.support.e2e_simulator import Providers

_REFUSES = "refuses"
_FLAKY = "flaky"
_PROBE = "probe"
_NUMBER = "+14155550100"
MEETING: Final = "meeting"
"""A field of contacts: the instant until which `dates` waits."""
# What the short run of every day does; the long one adds all else.
SHORT_LOAD: Final = ("journey", "letters", "trouble", "notices", "heard")
LOAD: Final = (*SHORT_LOAD, "orders", "paid", "calls", "chats", "scripts", "dates")


def standing_refusals(providers: Providers) -> None:
    """One receiver of webhooks refuses always, one now and then."""
    providers.misbehave("sink", "422", to=_REFUSES)
    providers.misbehave("sink", "503", to=_FLAKY, rate=0.3)


@dataclass(frozen=True, slots=True)
class Places:
    """What configurations name."""

    simulator_url: str
    template: str
    page: str = ""
    """Of Messenger."""


def plans(places: Places, names: Sequence[str]) -> tuple[Plan, ...]:
    """The workflows of these names; the first one is the probe, which is always there."""
    return tuple(
        plan
        for plan in (*_of_records_and_messages(places), *_of_all_else(places))
        if plan.name in (_PROBE, *names)
    )


def called_by(plans: Sequence[Plan]) -> tuple[str, ...]:
    """The providers that their steps call."""
    called = {step.provider for plan in plans for step in plan.steps}
    return tuple(name for name in PROVIDERS if name in called)


def _of_records_and_messages(places: Places) -> tuple[Plan, ...]:
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
                PlanStep("text", "send_sms", _TEXT, provider="twilio"),
                _tag("arrived"),
            ),
        ),
        Plan(
            "letters",
            (
                PlanStep("letter", "send_email", _letter(places), provider="sendgrid"),
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


def _of_all_else(places: Places) -> tuple[Plan, ...]:
    return (
        Plan(
            "orders",
            (
                PlanStep("pay", "charge_customer", _PAYMENT, provider="stripe"),
                _count("points", 13, "bought"),
            ),
        ),
        Plan("paid", (_count("payments", 1),), started_by_payment=True),
        Plan(
            "calls",
            (
                PlanStep("ring", "make_call", _CALL, provider="twilio_voice"),
                _count("points", 17, "rung"),
            ),
        ),
        Plan(
            "chats",
            (
                PlanStep("chat", "send_messenger", _chat(places), provider="messenger"),
                _count("points", 19, "chatted"),
            ),
        ),
        Plan(
            "scripts",
            (
                PlanStep("sum", "custom_code", {"code": _SUM}),
                _count("sums", _RESULT, "use", value="{{steps.sum.result}}"),
                PlanStep("ask", "custom_code", {"code": _fetch(places)}, provider="sink"),
                _count("points", 23, "asked"),
            ),
        ),
        Plan("dates", (PlanStep("day", "wait_until_date", _DATE), _count("points", 29, "met"))),
    )


_TEXT: Json = {
    "message": "Hello {{contact.first_name}}",
    "from_number": _NUMBER,
    "respect_quiet_hours": False,
}
_PAYMENT: Json = {
    "customer_id": customer_of("{{contact.id}}"),
    "payment_method_id": "pm_card_visa",
    "amount": "49.90",
    "currency": "EUR",
}
_CALL: Json = {
    "destination_type": "external",
    "destination_value": _NUMBER,
    "from_number": _NUMBER,
    "respect_quiet_hours": False,
}
_DATE: Json = {
    "date_type": "contact_field",
    "field_name": f"custom_fields.{MEETING}",
    "timezone_mode": "utc",
}
# Ids of contacts have 36 characters.
_SUM: Final = "return contact.id.length + 6;"
_RESULT: Final = 42
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


def _chat(places: Places) -> Json:
    return {"page_id": places.page, "message_type": "text", "content": {"text": "Hello"}}


def _fetch(places: Places) -> str:
    # Whoever has taken it says its own name; what fails for other reasons says none, or no JSON.
    return f"""
      const body = JSON.stringify({{ contact: contact.id }});
      const url = "{places.simulator_url}/sink/script";
      const answer = await fetch(url, {{ method: "POST", body }});
      if ((await answer.json()).name !== "script") throw new Error("nobody has taken it");
      return answer.status;
    """


def _tag(name: str) -> PlanStep:
    return PlanStep(name, "add_tag", {"tag_name": name})


def _wait(seconds: int) -> PlanStep:
    return PlanStep("wait", "wait_time", {"duration": seconds, "unit": "seconds"})


def _count(counter: str, by: int, name: str = "", *, value: str = "") -> PlanStep:
    config = {
        "field_updates": [{"field": f"custom_fields.{counter}", "value": value or by}],
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
    return PlanStep(
        name, "webhook_call", config, provider="sink", on_error=on_error, fallback=fallback
    )


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
    if plan.started_by_event:
        body = {"triggers": [_trigger(plan)], "re_entry": "always"}
        api.put(f"workflows/{workflow}/triggers", body)
    api.post(f"workflows/{workflow}/activate")
    return workflow


def _trigger(plan: Plan) -> Json:
    if plan.started_by_payment:
        return {"event_type": "payment_succeeded"}
    condition = {"field": "tag_name", "value": plan.started_by_tag}
    return {"event_type": "tag_added", "conditions": [condition]}


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
