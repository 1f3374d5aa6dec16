"""Records on Postgres: where each kind is stored, and one way to read and change them all."""

from action_service.adapters.records.repository import RecordReader, RecordWriter

__all__ = ["RecordReader", "RecordWriter"]
