"""Workflows that events start, and how their executions stand."""

from tests.support.e2e_rest import Customer, Json


def triggered(api: Customer, trigger: Json, *steps: Json, re_entry: str = "always") -> str:
    """The id of a new active workflow that the trigger starts."""
    workflow = api.draft(*steps)
    body = {"triggers": [trigger], "re_entry": re_entry}
    shown = api.put(f"workflows/{workflow}/triggers", body)
    assert (shown["triggers"][0]["event_type"], shown["re_entry"]) == (
        trigger["event_type"],
        re_entry,
    )
    api.post(f"workflows/{workflow}/activate")
    return workflow


def when_tagged(name: str) -> Json:
    """A trigger for one tag."""
    return {"event_type": "tag_added", "conditions": [{"field": "tag_name", "value": name}]}


def completed(api: Customer, workflow: str) -> int:
    """How many executions of the workflow have completed; all there are when it says so."""
    states = api.get(f"workflows/{workflow}/executions/summary")["executions"]
    return states["completed"] if sum(states.values()) == states["completed"] else 0


def started(api: Customer, workflow: str) -> int:
    """How many executions of the workflow there are."""
    return sum(api.get(f"workflows/{workflow}/executions/summary")["executions"].values())
