"""The floor under every sandbox that forks: fork a Python that has imported what the broker imports, and wait for it.

    python -E -S bare_fork.py BROKER [PROGRAM]

The child does nothing, or runs the program's text as it would run by itself. Nothing is isolated.
"""

import gc
import importlib
import os
import sys
import types
from pathlib import Path

from answering import serve


def imported(broker: Path) -> None:
    """Import the broker with its siblings, as it does itself when it starts."""
    package = types.ModuleType("soloist_image")
    package.__path__ = [str(broker.parent)]
    sys.modules[package.__name__] = package
    importlib.import_module(f"{package.__name__}.{broker.stem}")


def main() -> None:
    """See the module's docstring."""
    imported(Path(sys.argv[1]))
    program = Path(sys.argv[2]).read_bytes() if len(sys.argv) > 2 else b""
    gc.collect()
    gc.freeze()

    def job() -> None:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                if program:
                    exec(compile(program, "job.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own program
                code = 0
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit("the job's program failed in a bare fork")

    serve(job)


main()
