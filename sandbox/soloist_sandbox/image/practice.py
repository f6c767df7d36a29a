"""The broker does a function job of its own a few times before it forks: what an interpreter does only once is then done.

The first `compile` of a process makes the 200 classes of the syntax tree, and code that has run some times writes no more into
itself. A fork that finds all that done copies a fifth fewer pages, and a function job costs a quarter less.
"""

import json
import os
import sys
from typing import Final

from . import function_job
from .workspace import ROOT, lay

_TIMES: Final = 16
"""Python 3.11 begins to specialise a function at its eighth call."""
_MODULE: Final = "soloist_practice"
_FILE: Final = f"{_MODULE}.py"
_PROGRAM: Final = b'def same(value):\n    """A value."""\n    return value\n'
_JOB: Final = json.dumps({"path": _FILE, "function": "same", "calls": [[[["l", 1, "a", None, True]], {}], [[0], {}]]})


def practise() -> None:
    """In the workspace, while it is still empty. Leaves nothing behind. Raises OSError."""
    folder, path = os.getcwd(), sys.path[:]
    nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.chdir(ROOT)
    for serial in range(_TIMES):
        lay([(_FILE, _PROGRAM)], serial)
        function_job.run(json.loads(_JOB), nothing)
    os.unlink(_FILE)
    os.chdir(folder)
    os.close(nothing)
    sys.path[:] = path
    del sys.modules[_MODULE]
