"""What docs/webhooks.md tells receivers is what a receiver gets."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from common.standard_webhooks import new_secret, signed_headers
from executor_service.domain.classify import error_class_of
from executor_service.domain.outcome import ErrorClass

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BODY = '{"name": "Öz"}'.encode()

Verify = Callable[..., bool]


@pytest.fixture
def verify() -> Verify:
    """The page's own code."""
    sample = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert sample is not None
    names: dict[str, Any] = {}
    exec(sample[1], names)
    return names["verify"]


def test_the_sample_verifies_what_is_signed(verify: Verify) -> None:
    old, new, now = new_secret(), new_secret(), datetime.fromtimestamp(time.time(), UTC)
    headers = signed_headers([new, old], "step", now, BODY)
    assert verify(new, headers, BODY)
    assert verify(old, headers, BODY)
    assert not verify(new_secret(), headers, BODY)
    assert not verify(new, headers, BODY + b" ")
    assert not verify(new, headers | {"webhook-id": "other"}, BODY)
    for minutes in (-6, 6):
        late = signed_headers([new], "step", now + timedelta(minutes=minutes), BODY)
        assert not verify(new, late, BODY)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (408, ErrorClass.NETWORK_TIMEOUT),
        (429, ErrorClass.RATE_LIMIT),
        (500, ErrorClass.SERVICE_UNAVAILABLE),
        (503, ErrorClass.SERVICE_UNAVAILABLE),
        (401, ErrorClass.AUTHENTICATION),
        (403, ErrorClass.AUTHENTICATION),
        (302, ErrorClass.REJECTED),
        (404, ErrorClass.REJECTED),
    ],
)
def test_the_statuses_mean_what_the_page_says(status: int, error: ErrorClass) -> None:
    assert error_class_of(status) is error
