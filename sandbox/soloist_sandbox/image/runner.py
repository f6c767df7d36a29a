"""Process 1 of a container: starts the broker, which runs jobs one at a time for a client on stdin and stdout.

Where the kernel and the engine allow it, the broker lives in a user namespace of its own, and every job is one fork into fresh
pid, mount, ipc and uts namespaces (`isolation.py`): clean state at nearly the price of the fork. Where they don't, jobs run
in the container as it is, the client is told why, and uses the container once.

The broker never parses what a job is given or writes. It answers with frames that only it can write: jobs have neither its
descriptors nor its memory, and can't see, trace or signal it. It ends by itself when the client goes away.

Not covered: the kernel is shared with the host. Forks share the hash seed and the layout of their address space. A program that
reads and writes its own interpreter can forge the report of a pytest check, which is written in the same process; the
canary, the exact test ids and the exit code make that hard, not impossible.
"""

import os
import sys
import types

if __name__ == "__main__":  # a script in the container: give its siblings a package name that no workspace uses
    __package__ = "soloist_image"
    _package = types.ModuleType(__package__)
    _package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules[__package__] = _package

import contextlib
import fcntl
import signal
from typing import Final

from . import isolation, kernel
from .broker import Broker
from .frames import ClientGone
from .job import REQUESTS
from .memory import OutOfMemory

_ANSWERS: Final = REQUESTS + 1
_WORKS: Final = b"+"


def main() -> int:
    """Serve on stdin and stdout, which jobs never get to see."""
    if os.getpid() != 1:
        print("the runner must be process 1 of its own container", file=sys.stderr)
        return 2
    fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, REQUESTS)
    fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _ANSWERS)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which process 1 ignores when it comes from inside the namespace
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        _become_broker(writing)
    os.close(writing)
    os.waitpid(parent, 0)
    reason = os.read(reading, 1000)
    if reason != _WORKS:
        return _serve(None, OutOfMemory(), reason.decode(errors="replace") or "the broker did not start")
    for descriptor in (REQUESTS, _ANSWERS):
        os.close(descriptor)
    _, status = os.wait()  # the broker: its parent has ended, and it is ours now
    return os.waitstatus_to_exitcode(status)


def _become_broker(works: int) -> None:
    """In a child, because who enters a new pid namespace with its children can't go back when that fails."""
    code = 1
    try:
        isolation.nest()
        if os.fork() == 0:
            out_of_memory = OutOfMemory()  # before /sys is covered
            code = _serve(isolation.Isolation(), out_of_memory, "", works)
    except (OSError, RuntimeError) as error:
        os.write(works, str(error).encode())
    finally:
        os._exit(code)


def _serve(room: isolation.Isolation | None, out_of_memory: OutOfMemory, reason: str, works: int = -1) -> int:
    kernel.set_dumpable(False)
    broker = Broker(REQUESTS, _ANSWERS, room, out_of_memory, reason)
    if works >= 0:
        broker.rehearse()
        os.write(works, _WORKS)
        os.close(works)
    with contextlib.suppress(ClientGone):
        broker.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
