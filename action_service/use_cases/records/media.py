"""Recordings that calls play."""

from typing import Final

from action_service.use_cases.records.kind import RecordKind
from treadle.record.v1 import audio_file_pb2

AUDIO_FILE: Final = RecordKind(audio_file_pb2.AudioFile, "audio_files", by_name=True)
