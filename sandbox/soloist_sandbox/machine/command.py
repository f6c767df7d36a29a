"""Run a trusted program of this machine to its end, its deadline, or until we are asked to stop."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event


def run(
    argv: Sequence[str], *, stop: Event, seconds: float, extra: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[int, str]:
    """Exit code, and stdout with stderr; `extra` is added to the environment.

    Raises `TimeoutError` after `seconds`, `InterruptedError` after `stop`.
    """
    deadline = time.monotonic() + seconds
    with TemporaryFile() as output:
        environment = {**os.environ, **(extra or {}), "LC_ALL": "C"}  # we read some of these outputs
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(0.05)
                    break
                if stop.is_set():
                    raise InterruptedError
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{argv[0]} did not end within {seconds:.0f} s")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return code, output.read().decode(errors="replace")
