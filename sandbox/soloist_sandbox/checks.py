"""From what a user types after --check to a `RepositoryCheck`."""

import re
import shlex
from typing import Final

from soloist_sandbox.contract import CommandCheck, PytestCheck, RepositoryCheck

_PYTHON: Final = re.compile(r"python(3(\.\d+)?)?")
_SINGLE_QUOTED: Final = re.compile(r"'[^']*'")
_DOUBLE_QUOTED: Final = re.compile(r'"[^"$`\\]*"')
_SHELL: Final = re.compile(r"[;&|<>$`\\*?(){}\n\r\"']|(^|\s)[#~]")
"""What only a shell understands. Square brackets are no part of it: test ids have them."""


def parse_check(text: str) -> RepositoryCheck:
    """A plain `pytest …` or `python -m pytest …` becomes a `PytestCheck`, everything else a `CommandCheck`.

    Raises `ValueError` with a line for the user when there is no command.
    """
    text = text.strip()
    if not text:
        raise ValueError('the check is empty: give a command that fails now and should pass, for example --check "pytest -q"')
    if "\0" in text:
        raise ValueError("the check has a NUL character in it")
    if _SHELL.search(_DOUBLE_QUOTED.sub("", _SINGLE_QUOTED.sub("", text))):
        return CommandCheck(command=text)
    words = shlex.split(text)
    if words[0] == "pytest":
        return PytestCheck(args=tuple(words[1:]))
    if _PYTHON.fullmatch(words[0]) and words[1:3] == ["-m", "pytest"]:
        return PytestCheck(args=tuple(words[3:]), as_module=True)
    return CommandCheck(command=text)
