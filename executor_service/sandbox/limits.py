"""How much a run may take and say. Both sides know these, and the executor's holds."""

from typing import Final

# SPEC-WFL-003 R5.4, both the default and the most there is.
MAX_TIMEOUT_MS: Final = 5000
MAX_MEMORY_MB: Final = 128
# Less does not hold an engine with its built-ins and room for data.
MIN_MEMORY_MB: Final = 16

# What a script returns, as JSON: kept with the step for later steps.
MAX_RESULT_BYTES: Final = 256 * 1024
# What is kept of the console; the rest is dropped, and the step says so.
MAX_CONSOLE_LINES: Final = 200
MAX_CONSOLE_BYTES: Final = 32 * 1024
MAX_LINE_LENGTH: Final = 2000
LEVELS: Final = frozenset({"debug", "info", "warn", "error"})
# No script has so many lines, or so long ones.
MAX_PLACE: Final = 1_000_000

MAX_FETCHES: Final = 20
# Of one run, at a time; the others wait.
FETCHES_AT_ONCE: Final = 6
# A request of `fetch` as JSON, and the body of an answer.
MAX_REQUEST_BYTES: Final = 512 * 1024
# More than servers take; each is much larger here than in the frame that it comes in.
MAX_HEADERS: Final = 100
MAX_ANSWER_BYTES: Final = 1024 * 1024
