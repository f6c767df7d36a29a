"""Computer algebra in a process of its own, so that no expression can stop or fill ours.

The process starts at the first question (about a second), takes one question a line, and ends with us. One that takes too long
is ended, and the next question starts another. It has no environment, and limits on memory and CPU time.
"""

import atexit
import json
import select
import subprocess
import sys
import threading
import time
from pathlib import Path

SECONDS = 8.0
"""For one question, waiting in the queue and the process's start included."""
_WORKER = Path(__file__).with_name("algebra_worker.py")


def equal_in_algebra(a: str, b: str) -> bool:
    """True when `math-verify` finds two LaTeX expressions equal in time. Safe in threads; the questions queue up."""
    return _ALGEBRA.equal(a, b)


class _Algebra:
    """The process and the line to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def equal(self, a: str, b: str) -> bool:
        deadline = time.monotonic() + SECONDS
        if not self._lock.acquire(timeout=SECONDS):
            return False
        try:
            return self._asked(json.dumps([a, b]).encode() + b"\n", deadline)
        except (OSError, TimeoutError):
            self.end()
            return False
        finally:
            self._lock.release()

    def end(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()

    def _asked(self, question: bytes, deadline: float) -> bool:
        process = self._process or self._started()
        if process.stdin is None or process.stdout is None:
            raise TimeoutError
        process.stdin.write(question)
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        answer = process.stdout.readline() if ready else b""
        if not answer:
            raise TimeoutError
        return answer == b"true\n"

    def _started(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-W", "ignore", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )
        return self._process


_ALGEBRA = _Algebra()
atexit.register(_ALGEBRA.end)
