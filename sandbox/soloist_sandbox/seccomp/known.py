"""The system calls that existed when the filters were last reviewed: what is not among them answers ENOSYS.

The list is kept with the source, in `known.json`, so that the filters depend on no installed library's age.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

Machine = Literal["x86_64", "aarch64"]
"""As `uname -m` says it."""
MACHINES: Final[tuple[Machine, ...]] = ("x86_64", "aarch64")
FILE: Final = Path(__file__).with_name("known.json")


def known(machine: Machine) -> Mapping[str, int]:
    """Names and numbers of a machine's system calls."""
    calls: dict[str, int] = json.loads(FILE.read_text())["calls"][machine]
    return calls


def reviewed_with() -> str:
    """The version of libseccomp that named the calls and compiled the filters."""
    version: str = json.loads(FILE.read_text())["libseccomp"]
    return version
