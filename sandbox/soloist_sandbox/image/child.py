"""The job's own side of the fork: from a copy of the runner to a clean process, and then to the check."""

import atexit
import fcntl
import os
import resource
import signal
import sys
import threading
import traceback
import types
from typing import Any, Final, NoReturn

from . import kernel, pytest_job
from .workspace import ROOT

SITE: Final = "/opt/soloist/site"
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
FRESH: Final = "/opt/soloist/fresh.py"
REPORT_DESCRIPTOR: Final = 1000
_SETUP_DESCRIPTOR: Final = 1001
_OPEN_FILES: Final = 1024

Pipes = dict[str, tuple[int, int]]
"""Name -> reading and writing end."""


def become(job: dict[str, Any], pipes: Pipes) -> NoReturn:
    """Turn this fork into the job. What goes wrong before the check starts is told through the "setup" pipe."""
    code = 1
    try:
        _take_descriptors(pipes)
        try:
            _leave_the_runner(job)
            if job["kind"] == "command":
                _default_signals()
                os.execv("/bin/sh", ["sh", "-c", job["command"]])  # noqa: S606
            if job["fresh"]:
                _default_signals()
                os.execv(sys.executable, [sys.executable, FRESH, *_handed_over(job)])  # noqa: S606
        except BaseException as error:
            os.write(_SETUP_DESCRIPTOR, f"{type(error).__name__}: {error}".encode()[:1000])
            os._exit(1)
        os.close(_SETUP_DESCRIPTOR)
        code = _run_pytest(job)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _take_descriptors(pipes: Pipes) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    setup = fcntl.fcntl(pipes["setup"][1], fcntl.F_DUPFD_CLOEXEC, _SETUP_DESCRIPTOR)
    report = fcntl.fcntl(pipes["report"][1], fcntl.F_DUPFD_CLOEXEC, REPORT_DESCRIPTOR)
    if setup != _SETUP_DESCRIPTOR or report != REPORT_DESCRIPTOR:
        os.write(setup, b"descriptors are taken")
        os._exit(1)
    for source, target in ((nothing, 0), (pipes["stdout"][1], 1), (pipes["stderr"][1], 2)):
        os.dup2(source, target)
    os.closerange(3, REPORT_DESCRIPTOR)
    os.closerange(_SETUP_DESCRIPTOR + 1, 1 << 20)


def _leave_the_runner(job: dict[str, Any]) -> None:
    kernel.set_dumpable(True)  # so that /proc/self belongs to the job's uid, as programs expect
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(0o022)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment(write_bytecode=job["warm"]))
    for name, limit in limits(job).items():
        hardest = resource.getrlimit(name)[1]
        limit = limit if hardest == resource.RLIM_INFINITY else min(limit, hardest)
        resource.setrlimit(name, (limit, limit))


def environment(*, write_bytecode: bool = False) -> dict[str, str]:
    """The whole environment of a job."""
    path = [folder for folder in (f"{ROOT}/src", ROOT) if os.path.isdir(folder)]
    if SITE not in sys.path:  # the image's own configuration has it, after the standard library
        path.append(SITE)
    return {
        "PATH": PATH,
        "HOME": "/tmp",  # noqa: S108 - the container's own
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "" if write_bytecode else "1",
        "PYTHONPATH": ":".join(path),
    }


def limits(job: dict[str, Any]) -> dict[int, int]:
    """Resource limits, in the kernel's units. `processes` is absent where the container counts them itself."""
    found = {
        resource.RLIMIT_AS: job["memory"],
        resource.RLIMIT_FSIZE: job["disk"],
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,  # queues would outlive the job
        resource.RLIMIT_MEMLOCK: 0,
    }
    if job["processes"] is not None:
        found[resource.RLIMIT_NPROC] = job["processes"]
    return found


def _default_signals() -> None:
    """Before exec: signals that Python ignores get their default back, as `subprocess` does it."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _handed_over(job: dict[str, Any]) -> list[str]:
    """Descriptors that a new interpreter takes over: where to report, and what to do (too long for an argument)."""
    order = os.memfd_create("job")
    os.write(order, pytest_job.packed(job))
    os.lseek(order, 0, os.SEEK_SET)
    for descriptor in (REPORT_DESCRIPTOR, order):
        os.set_inheritable(descriptor, True)
    return [str(REPORT_DESCRIPTOR), str(order)]


def _run_pytest(job: dict[str, Any]) -> int:
    """pytest in this very process: PID 1 has imported it already. Afterwards, what an interpreter does at its end."""
    sys.dont_write_bytecode = not job["warm"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path[:] = pytest_job.import_path(job, environment()["PYTHONPATH"].split(":"), sys.path[1:])
    code = pytest_job.run(job, REPORT_DESCRIPTOR)
    threading._shutdown()  # type: ignore[attr-defined] # joins threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code
