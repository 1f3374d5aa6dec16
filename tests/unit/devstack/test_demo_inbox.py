"""The demo's verdict: exactly one message for each contact and sending step."""

from pydantic import JsonValue

from devstack.demo.inbox import Received, Recipient, discrepancies

ADA = Recipient("c1", "Ada@example.com", "+12025550101")
BOB = Recipient("c2", "bob@example.com", "+12025550102")
STEPS = ("send_email", "wait_time", "send_sms", "webhook_call", "grant_course_access")


def message(provider: str, to: str, body: dict[str, JsonValue] | None = None) -> Received:
    return Received(
        number=1, provider=provider, to=to, subject="", text="", html="", details={"body": body}
    )


def everything() -> list[Received]:
    return [
        sent
        for person in (ADA, BOB)
        for sent in (
            message("sendgrid", person.email.lower()),
            message("sendgrid", person.email.lower()),
            message("twilio", person.phone),
            message("sink", "crm", {"contact_id": person.contact_id}),
        )
    ]


def test_all_is_well() -> None:
    assert discrepancies(everything(), [ADA, BOB], STEPS) == []


def test_missing_doubled_and_stray_messages_are_named() -> None:
    received = everything()
    del received[2]
    received.append(message("sendgrid", "bob@example.com"))
    received.append(message("sink", "crm", {}))
    assert discrepancies(received, [ADA, BOB], STEPS) == [
        "SMS to +12025550101: 0 received, 1 wanted",
        "email to bob@example.com: 3 received, 2 wanted",
        "webhook to nobody: 1 received, 0 wanted",
    ]
