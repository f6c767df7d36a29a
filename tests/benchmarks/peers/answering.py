"""The other side of `sandbox_ways.spawned`: a process that does so many jobs as it is told, and answers how long each took.

It imports nothing of ours, for it is used in other projects' environments too. What libraries print goes to stderr.
"""

import json
import os
import sys
import time
from collections.abc import Callable

_answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def serve(job: Callable[[], object]) -> None:
    """Say that all is ready; then do `count` jobs for each line with a number, and answer their seconds as JSON."""
    _answers.write('"ready"\n')
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - start)
        _answers.write(json.dumps(seconds) + "\n")


def right(text: str) -> None:
    """Raise unless this is what the job's program prints."""
    if "all right" not in text:
        raise SystemExit(f"the job's program did not do its work; it said: {text[-300:]!r}")
