"""X-Twilio-Signature, held to Twilio's published examples and to the validator of its SDK."""

import random
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from gateway.inbound import twilio
from gateway.inbound.signature import SignatureError
from tests.support.mutations import one_byte_off, one_character_off

TOKEN = "12345"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}
BODY = urlencode(FORM).encode()
SIGNATURE = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="

JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_URL = f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="


def accepts(
    url: str = URL,
    body: bytes = BODY,
    signature: str = SIGNATURE,
    content_type: str = twilio.FORM,
    token: str = TOKEN,
) -> bool:
    try:
        twilio.check(url, body, content_type=content_type, signature=signature, auth_token=token)
    except SignatureError:
        return False
    return True


def test_published_example_of_a_form() -> None:
    assert accepts()
    other = urlencode({**FORM, "Caller": "+14158675309", "From": "+14158675309"}).encode()
    assert accepts(body=other, signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")


def test_published_example_of_a_hashed_body() -> None:
    assert accepts(JSON_URL, JSON_BODY, JSON_SIGNATURE, "application/json")


@pytest.mark.parametrize(
    "url",
    [
        "https://mycompany.com:443/myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php?foo=1&bar=2",
    ],
)
def test_the_port_may_be_signed_or_not(url: str) -> None:
    with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2"
    made = RequestValidator(TOKEN).compute_signature(with_port, FORM)
    assert accepts(url, signature=made)
    assert accepts(url)


def test_repeated_parameters_are_signed_once_each_in_order() -> None:
    body = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"
    assert accepts(body=body, signature="IK+Dwps556ElfBT0I3Rgjkr1wJU=")


def test_whatever_the_sdk_signs_is_accepted() -> None:
    chance = random.Random(7)
    alphabet = "aZ9 +&=%/é€😀\n\"'*~-_."
    for _ in range(300):
        form = {
            f"N{number}": "".join(chance.choices(alphabet, k=chance.randrange(12)))
            for number in range(chance.randrange(1, 6))
        }
        made = RequestValidator(TOKEN).compute_signature(URL, form)
        assert accepts(body=urlencode(form).encode(), signature=made), form


def test_every_change_of_the_form_is_refused() -> None:
    for changed in one_byte_off(BODY):
        assert not accepts(body=changed), changed


def test_every_change_of_a_hashed_body_is_refused() -> None:
    for changed in one_byte_off(JSON_BODY):
        assert not accepts(JSON_URL, changed, JSON_SIGNATURE, "application/json"), changed
        assert not accepts(JSON_URL, changed, JSON_SIGNATURE), changed


def test_every_change_of_the_signature_is_refused() -> None:
    for changed in one_character_off(SIGNATURE):
        assert not accepts(signature=changed), changed


def test_every_change_of_the_url_is_refused() -> None:
    # The scheme's letters may be of either case.
    for changed in one_character_off(URL.removeprefix("https")):
        assert not accepts("https" + changed), changed


def test_a_body_that_nobody_signed_is_refused() -> None:
    made = RequestValidator(TOKEN).compute_signature(URL, {})
    assert accepts(body=b"", signature=made)
    assert not accepts(body=JSON_BODY, signature=made, content_type="application/json")
    assert not accepts(JSON_URL, b"", JSON_SIGNATURE, "application/json")
    assert not accepts(token="12346")
    assert not accepts(signature="")
    assert not accepts(body=b"A=%FF", signature=SIGNATURE)
    assert not accepts("https://mycompany.com:port/")
