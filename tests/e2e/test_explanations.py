"""Why a run is where it is, asked over REST and by the command, with the real scheduler's word."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from devstack.stack import Stack
from tests.support.account import Account
from tests.support.e2e_rest import Customer, step, tag
from tests.support.foreground import eventually


def treadle(stack: Stack, account: Account, *arguments: str) -> str:
    """What the command prints when it does its work as somebody who may only look."""
    where = ["--gateway", stack.gateway_url, "--token", account.token("viewer")]
    command = [sys.executable, "-m", "devstack", "explain", *arguments, *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_date_two_days_after_a_contact_s_own(stack: Stack, account: Account) -> None:
    api = Customer(account.http())
    renewal = datetime.now(UTC).date() + timedelta(days=30)
    contact = api.post(
        "contacts",
        {"timezone": "America/New_York", "custom_fields": {"renewal_date": renewal.isoformat()}},
    )["id"]
    date = step(
        "wait_until_date",
        "Renewal",
        date_type="calculated",
        field_name="custom_fields.renewal_date",
        offset_value=2,
        time_of_day="09:00",
    )
    workflow = api.workflow(date, tag("renewed"))
    (run,) = api.start(workflow, [contact])
    assert eventually(lambda: api.execution(run)["state"] == "waiting")

    told = api.get(f"executions/{run}/explanation")
    day = renewal + timedelta(days=2)
    rule = (
        f"09:00 on {day} in America/New_York, from the contact's zone: 2 days after the contact's"
        " custom_fields.renewal_date, at 09:00"
    )
    assert (told["reason"], told["state"]) == ("waiting_for_date", "waiting")
    assert told["rule"] == rule
    assert told["hold"] == {
        "cause": "clock",
        "zones": ["America/New_York"],
        "zone_source": "contact",
        "clock_change": None,
        "peer": None,
        "hours": None,
        "per_second": None,
    }
    assert told["goes_on_at"].startswith(f"{day}T1")
    assert (told["step"]["action_name"], told["step"]["position"]) == ("Renewal", 1)
    assert f", which is {rule}." in told["sentences"][1]

    assert treadle(stack, account, run).splitlines() == told["sentences"]
    shown = json.loads(treadle(stack, account, run, "--json"))
    assert shown | {"explained_at": None} == told | {"explained_at": None}

    with Account(stack) as other:
        assert other.http().get(f"/api/v1/executions/{run}/explanation").status_code == 404
