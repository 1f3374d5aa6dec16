"""With what accounts sign their webhooks: what may be one, and how one follows another."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from common import standard_webhooks
from common.errors import FieldViolation
from treadle.credential.v1.credential_pb2 import WebhookSigningSecret

WEBHOOK_SIGNING: Final = "webhook_signing"
# Receivers have this long to learn the new secret.
OVERLAP: Final = timedelta(hours=24)


def signing_violations(field: str, secret: str) -> Iterator[FieldViolation]:
    """What keeps a text from being a signing secret."""
    try:
        standard_webhooks.key_of(secret)
    except ValueError as error:
        yield FieldViolation(field, str(error))


def succeeding(
    given: WebhookSigningSecret, old: WebhookSigningSecret | None, *, now: datetime
) -> WebhookSigningSecret:
    """The secret as it is to be kept: with the one it takes the place of, for `OVERLAP`.

    Setting the same secret again changes nothing. Of two changes within the time only the last
    one's predecessor is kept.
    """
    if old is None:
        return WebhookSigningSecret(secret=given.secret)
    if old.secret == given.secret:
        return old
    kept = WebhookSigningSecret(secret=given.secret, previous_secret=old.secret)
    kept.previous_valid_until.FromDatetime(now + OVERLAP)
    return kept
