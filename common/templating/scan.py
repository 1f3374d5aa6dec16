"""A linear look at a template's delimiters, before python-liquid's lexer sees it.

The lexer's regular expressions take quadratic to cubic time on unclosed tags and long runs of white
space: 8,000 characters of `{{` keep it busy for seconds. What passes here it reads in linear time.
"""

import re

# Characters between the delimiters of one tag.
MAX_TAG = 2_000
_MAX_BLANKS = 100

_OPEN = re.compile(r"\{\{|\{%")
_VERBATIM = re.compile(r"\{%-?\s*(raw|doc)\s*-?%\}")
_BLANKS = re.compile(rf"\s{{{_MAX_BLANKS + 1}}}")


def find_problem(source: str) -> str | None:
    """What makes the template unreadable; None when the lexer may have it."""
    position = 0
    while match := _OPEN.search(source, position):
        start = match.start()
        close = "}}" if match.group() == "{{" else "%}"
        end = source.find(close, start + 2)
        if end < 0:
            return f"'{match.group()}' is never closed by '{close}'{_at(source, start)}"
        if end - start > MAX_TAG:
            return f"a tag is longer than {MAX_TAG:,} characters{_at(source, start)}"
        # The lexer skips white space on both sides of the closing delimiter of a tag.
        if _BLANKS.search(source, start, end):
            return f"a tag has more than {_MAX_BLANKS} blanks in a row{_at(source, start)}"
        position = end + 2
        if verbatim := _VERBATIM.match(source, start, position):
            closing = re.compile(rf"\{{%-?\s*end{verbatim.group(1)}\s*-?%\}}")
            ended = closing.search(source, position)
            if ended is None:
                return f"'{verbatim.group(1)}' is never ended{_at(source, start)}"
            position = ended.end()
    return None


def _at(source: str, index: int) -> str:
    line = source.count("\n", 0, index) + 1
    column = index - (source.rfind("\n", 0, index) + 1) + 1
    return f" (line {line}, column {column})"
