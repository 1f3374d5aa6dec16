"""The SMS that answers HELP: who writes, and how to have them stop."""

from typing import Final

_HOW_TO_STOP: Final = "Reply STOP to get no more messages."


def help_answer(account_name: str, given: str) -> str:
    """The account's own text when it has given one."""
    if given.strip():
        return given.strip()
    name = " ".join(account_name.split())
    return f"{name}: {_HOW_TO_STOP}" if name else _HOW_TO_STOP
