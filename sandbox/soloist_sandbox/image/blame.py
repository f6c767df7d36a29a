"""Who did it: the file of the workspace whose code has called something, found by walking up the stack.

What the standard library or an installed package does for itself is nobody's fault: `namedtuple`, `logging` and `warnings` look
at frames all day. What they do because a program handed them a function, or asked `inspect` for frames, is the program's.
"""

import os
from collections.abc import Callable
from types import FrameType
from typing import Final

_ASKED_FOR_OTHERS: Final = frozenset({"inspect.py", "traceback.py", "ctypes/__init__.py", "ctypes/util.py"})
_SHOWS_SOURCE: Final = frozenset({"traceback.py", "warnings.py", "logging/__init__.py"})
"""These read source files to show a line of each frame, whoever's it is."""
UNKNOWN: Final = "?"
"""A thread of its own, in which no file of the workspace is left on the stack."""

Blame = Callable[[FrameType | None, str], str | None]


def make_blame(root: str) -> Blame:
    """A function that takes the frame that called something and its name, and returns a path below `root`, `UNKNOWN` or None.

    An empty name stands for things that are done by the library for whoever asks, like opening a file.
    """
    library = os.path.dirname(os.__file__) + "/"
    below = root + "/"
    for_others, shows = _ASKED_FOR_OTHERS, _SHOWS_SOURCE

    def blame(frame: FrameType | None, name: str) -> str | None:
        asked = False
        while frame is not None:
            code = frame.f_code
            file = code.co_filename
            if file[:1] == "<":  # text that somebody runs
                pass
            elif file.startswith(below):
                return file[len(below) :]
            elif file[:1] != "/":
                return file
            elif not file.startswith(library) or "-packages/" in file:
                return None
            elif file[len(library) :] in shows and (not name or (name == "tb_frame" and code.co_name != "walk_tb")):
                return None  # of an error that was caught, only frames below are known
            elif name:
                if file[len(library) :] in for_others:
                    asked = True
                elif asked or name in code.co_names or name in code.co_consts:
                    return None
            frame = frame.f_back
        return UNKNOWN

    return blame


def is_test(path: str) -> bool:
    """Whether a path is one of a test: candidates can't have written it."""
    *folders, name = path.lower().split("/")
    named = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return named or "test" in folders or "tests" in folders
