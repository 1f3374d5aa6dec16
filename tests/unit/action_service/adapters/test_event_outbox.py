"""What fits into one message of events."""

from datetime import UTC, datetime

from action_service.adapters.event_outbox import outbox_rows
from action_service.domain.plan import Json
from action_service.engine.effects import ContactEvent
from common.ids import new_id
from treadle.dispatch.v1.event_pb2 import EventBatch

# The server takes 1 MiB.
LIMIT = 1_000_000
ACCOUNT = str(new_id())


def happened(data: dict[str, Json], *, ancestors: int = 0) -> ContactEvent:
    origin = tuple(str(new_id()) for _ in range(ancestors))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return ContactEvent(ACCOUNT, "tag_added", str(new_id()), now, data, origin)


def test_long_chains_of_origin_fit_into_messages() -> None:
    events = [happened({"tag_name": "vip"}, ancestors=200) for _ in range(500)]
    batches = [EventBatch.FromString(row.payload) for row in outbox_rows(events)]
    assert max(batch.ByteSize() for batch in batches) < LIMIT
    told = [event for batch in batches for event in batch.events]
    assert [event.contact_id for event in told] == [event.contact_id for event in events]
    assert all(len(event.origin_execution_ids) == 200 for event in told)


def test_large_data_fits_into_messages() -> None:
    events = [happened({"text": "x" * 200_000}) for _ in range(10)]
    rows = outbox_rows(events)
    assert max(len(row.payload) for row in rows) < LIMIT
    assert sum(len(EventBatch.FromString(row.payload).events) for row in rows) == 10
