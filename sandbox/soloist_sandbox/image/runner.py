"""Process 1 of a container: lays a workspace out, then runs one job at a time for a client on stdin and stdout.

It starts nothing but jobs, never parses what they write, and answers each with one frame that only it can write: jobs
get neither its descriptors nor its memory (it is not dumpable), and process 1 can't be killed from inside its namespace.
After every job each other process of the namespace is killed and reaped. It ends by itself when the client goes away.

Not covered yet, and added later: namespaces per job (jobs that share a container share its uid, its System V
identifiers and its user keyring), system call filters beyond what the engine brings, a limit on the memory of all
processes together where there is no cgroup. A job has the runner's uid and so may lower the runner's resource limits
(prlimit): that breaks the container, which is a failure of the sandbox, never a passed check. A program that
reads and writes its own interpreter can forge the report of a pytest check, which is written in the same process; the
canary, the exact test ids and the exit code make that hard, not impossible.
"""

import sys
import types
from pathlib import Path

if __name__ == "__main__":  # a script in the container: give its siblings a package name that no workspace uses
    __package__ = "soloist_image"
    _package = types.ModuleType(__package__)
    _package.__path__ = [str(Path(__file__).parent)]
    sys.modules[__package__] = _package

import fcntl
import gc
import json
import os
import select
import signal
from typing import Any, Final

from . import kernel, pytest_job, supervise
from .frames import Body, ClientGone, read_frame, write_frame
from .workspace import Dirty, Refused, Workspace

_PROTOCOL_DESCRIPTORS: Final = 900
IDLE_SECONDS: Final = 3600.0
"""A client that says nothing for so long is taken for gone."""


class Runner:
    """Answers frames until the client closes its end."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._workspace = Workspace()
        self._keep = False

    def serve(self) -> None:
        """Raises `ClientGone` in the end."""
        while True:
            self._wait()
            meta, body = read_frame(self._requests)
            try:
                answer, parts = self._answer(meta, body)
            except Refused as refused:
                answer, parts = {"op": "refused", "why": str(refused)}, ()
            except (OSError, RuntimeError) as error:
                answer, parts = {"op": "broken", "why": f"{type(error).__name__}: {error}"}, ()
            body.skip()
            write_frame(self._answers, answer, *parts)

    def _wait(self) -> None:
        poller = select.poll()
        poller.register(self._requests, select.POLLIN)
        if not poller.poll(IDLE_SECONDS * 1000):
            raise ClientGone

    def _answer(self, meta: dict[str, Any], body: Body) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        if meta["op"] == "open":
            self._keep = meta["keep"]
            self._workspace.unpack(body, keep=self._keep)
            return {"op": "opened"}, ()
        return self._job(meta, body)

    def _job(self, job: dict[str, Any], body: Body) -> tuple[dict[str, Any], tuple[bytes, ...]]:
        self._workspace.lay([(path, body.read(size)) for path, size in job["files"]])
        job["fresh"] = False
        if job["kind"] == "pytest":
            if pytest_job.preload():
                gc.collect()
                gc.freeze()  # garbage collection in a fork then copies none of these pages
            job["fresh"] = pytest_job.shadowed()
        ended = supervise.run(job, self._requests)
        dirty = self._restore(job) if self._keep else False
        parts = (ended.stdout.content, ended.stderr.content, ended.report.content)
        answer = {
            "op": "done",
            "status": ended.status,
            "limit": ended.limit,
            "seconds": ended.seconds,
            "resident_kb": ended.resident_kb,
            "truncated": ended.stdout.overflown or ended.stderr.overflown,
            "dirty": dirty,
            "sizes": [len(part) for part in parts],
        }
        return answer, parts

    def _restore(self, job: dict[str, Any]) -> bool:
        try:
            self._workspace.restore(keep_bytecode=job["warm"])
        except Dirty:
            return True
        if job["warm"]:
            self._workspace.remember()
        return kernel.shared_segments()


def main() -> int:
    """Serve on stdin and stdout, which jobs never get to see."""
    if os.getpid() != 1:
        print("the runner must be process 1 of its own container", file=sys.stderr)
        return 2
    requests = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _PROTOCOL_DESCRIPTORS)
    answers = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _PROTOCOL_DESCRIPTORS)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    kernel.set_dumpable(False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which process 1 ignores when it comes from inside the namespace
    try:
        write_frame(answers, {"op": "ready", "protocol": 1, "python": list(sys.version_info[:3])})
        Runner(requests, answers).serve()
    except (ClientGone, json.JSONDecodeError):
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
