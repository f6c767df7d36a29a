"""The job's own side of the fork: from a copy of the broker to an isolated process, and then to the work itself.

The child is forked ahead, isolates itself, says so, and waits. It reads its order from the broker and the payload from the
client; what it says on the control channel (see `supervise.py`) is said before any foreign code runs, or by the process above it.
"""

import atexit
import contextlib
import fcntl
import gc
import json
import os
import resource
import signal
import socket
import sys
import types
from _signal import signal as set_handler  # type: ignore[import-not-found] # without enumerations: a seventh of the price
from collections.abc import Callable
from typing import Any, Final, NoReturn

from . import frames, function_job, kernel, program_job, pytest_job, seccomp
from .control import FAILED, GO, READY, REFUSED, STATUS
from .isolation import Isolation
from .workspace import ROOT, Payload, Refused, lay

SITE: Final = "/opt/soloist/site"
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_ENVIRONMENT: Final = "/opt/soloist/environment.json"
"""What a user's own image sets, such as where its programs are; in no other image."""
FRESH: Final = "/opt/soloist/fresh.py"
REQUESTS: Final = 900
REPORT: Final = 1000
CONTROL: Final = 1001
_LAST: Final = 1 << 20
_OPEN_FILES: Final = 1024

Job = dict[str, Any]


class Setting:
    """What the broker knows and every job needs."""

    def __init__(self, isolation: Isolation | None, system_calls: "seccomp.Program | None") -> None:
        self.isolation = isolation
        """None where jobs can't have namespaces: then the container is used once."""
        self.system_calls = system_calls
        self.shadowed = False
        """Whether the tree has modules whose names the broker's own imports have taken."""


def become(setting: Setting, control: int, pipes: "tuple[int, int, int]") -> NoReturn:
    """Turn this fork into a job: `pipes` are the writing ends of stdout, stderr and report."""
    try:
        _take_descriptors(control, pipes)
        _leave_the_broker(setting)
        order = _order()
        if order is None:
            os._exit(0)
        job = _prepared(setting, order)
        if not isinstance(job, dict):
            _say(REFUSED, str(job).encode())
            os._exit(1)
        _limit(order)
        gc.enable()
        _say(GO)
    except BaseException as error:
        _say(FAILED, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    try:
        _KINDS[order.kind](job)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _take_descriptors(control: int, pipes: "tuple[int, int, int]") -> None:
    os.setsid()
    stdout, stderr, report = pipes
    for source, target in ((control, CONTROL), (report, REPORT)):
        if fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, target) != target:
            raise RuntimeError("descriptors are taken")
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    os.closerange(3, REQUESTS)
    os.closerange(REQUESTS + 1, REPORT)
    os.closerange(CONTROL + 1, _LAST)


def _leave_the_broker(setting: Setting) -> None:
    """All that can be done before the order is known. Then: ready."""
    kernel.set_dumpable(True)  # so that /proc/self belongs to the job's uid, as programs expect
    scratch = os.open("/", os.O_PATH) if setting.isolation is None else setting.isolation.isolate()
    _write("/proc/self/oom_score_adj", b"1000")
    if setting.isolation is not None:
        kernel.drop_capabilities()
    os.umask(0o022)
    os.chdir(ROOT)
    if setting.system_calls is not None:
        setting.system_calls.apply()
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, CONTROL)
    socket.send_fds(channel, [READY], [scratch])
    channel.detach()
    os.close(scratch)


def _write(path: str, text: bytes) -> None:
    """Without Python's own files: a fork would copy all their pages for one word."""
    file = os.open(path, os.O_WRONLY)
    os.write(file, text)
    os.close(file)


def _order() -> frames.Order | None:
    """What to do; None when the broker needs no job any more."""
    data = os.read(CONTROL, frames.ORDER_SIZE)
    return frames.parse_order(data) if data else None


def _prepared(setting: Setting, order: frames.Order) -> Job | Refused:
    """The job, its files laid. The payload is read to its end whatever happens: the next order follows it."""
    payload = Payload(REQUESTS, order.length)
    try:
        job: Job = _json(payload) | _json(payload)
        changes = [(path, payload.read(size)) for path, size in job["files"]]
        lay(changes, job["serial"])
    except Refused as refused:
        return refused
    finally:
        frames.skip(REQUESTS, payload.left)
        os.close(REQUESTS)
    if any(path.startswith("src/") for path, _ in changes):
        os.environ.update(environment())
    names = {path.split("/")[-1].partition(".")[0] for path, _ in changes}
    job["fresh"] = order.kind == frames.PYTEST and (setting.shadowed or bool(names & pytest_job.taken()))
    job["warm"] = bool(order.flags & frames.WARM)
    job["seconds"], job["nudge"] = order.seconds, order.nudge
    return job


def _json(payload: Payload) -> Job:
    found: Job = json.loads(payload.read(int.from_bytes(payload.read(4), "big")))
    return found


def _limit(order: frames.Order) -> None:
    found = {
        resource.RLIMIT_AS: order.memory,
        resource.RLIMIT_FSIZE: order.disk,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if order.processes:
        found[resource.RLIMIT_NPROC] = order.processes
    for name, limit in found.items():
        hardest = resource.getrlimit(name)[1]
        limit = limit if hardest == resource.RLIM_INFINITY else min(limit, hardest)
        resource.setrlimit(name, (limit, limit))


def environment() -> dict[str, str]:
    """The whole environment of a job."""
    path = [folder for folder in (f"{ROOT}/src", ROOT) if os.path.isdir(folder)]
    if SITE not in sys.path:  # the image's own configuration has it, after the standard library
        path.append(SITE)
    own: dict[str, str] = {"PATH": PATH}
    with contextlib.suppress(FileNotFoundError), open(_ENVIRONMENT) as file:
        own |= json.load(file)
    return own | {
        "HOME": "/tmp",  # noqa: S108 - the job's own
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": ":".join(path),
    }


def _say(word: bytes, text: bytes = b"") -> None:
    os.write(CONTROL, word + text[:1000])


def _begin() -> None:
    """Make a child of the job's first process an ordinary program, which process 1 of a namespace isn't."""
    os.close(CONTROL)
    kernel.set_dumpable(True)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _below_init(run: Callable[[], int], *, nudged: bool = False) -> NoReturn:
    """Run something in a child, and tell how it ended: process 1 would not die of most signals, nor could it be believed."""
    kernel.set_dumpable(False)  # nothing of the job may look into the process that speaks for it
    child = os.fork()
    if child == 0:
        _as_program(run)
    os.close(REPORT)
    os.dup2(0, 1)
    os.dup2(0, 2)
    if nudged:
        signal.signal(signal.SIGVTALRM, lambda number, _: _pass_on(child, number))
    while True:
        who, status = os.waitpid(-1, 0)
        if who == child:
            _say(STATUS, status.to_bytes(4, "big"))
            os._exit(0)


def _pass_on(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # the job may send this signal too, and at the wrong moment
        os.kill(child, number)


def _as_program(run: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        _begin()
        code = run()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _command(job: Job) -> NoReturn:
    def run() -> int:
        _default_signals()
        os.execv("/bin/sh", ["sh", "-c", job["command"]])  # noqa: S606

    _below_init(run)


def _pytest(job: Job) -> NoReturn:
    def run() -> int:
        if job["fresh"]:
            _default_signals()
            os.execv(sys.executable, [sys.executable, FRESH, *_handed_over(job)])  # noqa: S606
        return _preloaded_pytest(job)

    _below_init(run, nudged=bool(job["nudge"]))


def _function(job: Job) -> NoReturn:
    """In this very process, the cheapest way: what it writes is data, its exit code proves nothing."""
    os.close(CONTROL)
    set_handler(signal.SIGINT, signal.default_int_handler)
    sys.path[:] = [*os.environ["PYTHONPATH"].split(":"), *sys.path[1:]]
    code = function_job.run(job, REPORT)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _program(job: Job) -> NoReturn:
    kernel.set_dumpable(False)
    sys.path[:] = [*os.environ["PYTHONPATH"].split(":"), *sys.path[1:]]
    code = program_job.run(job, REPORT, _begin)
    _say(STATUS, (code << 8).to_bytes(4, "big"))
    os._exit(0)


_KINDS: Final[dict[int, Callable[[Job], NoReturn]]] = {
    frames.COMMAND: _command,
    frames.PYTEST: _pytest,
    frames.FUNCTION: _function,
    frames.PROGRAM: _program,
}


def _default_signals() -> None:
    """Before exec: signals that Python ignores get their default back, as `subprocess` does it."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _handed_over(job: Job) -> list[str]:
    """Descriptors that a new interpreter takes over: where to report, and what to do (too long for an argument)."""
    order = os.memfd_create("job")
    os.write(order, pytest_job.packed(job))
    os.lseek(order, 0, os.SEEK_SET)
    for descriptor in (REPORT, order):
        os.set_inheritable(descriptor, True)
    return [str(REPORT), str(order)]


def _preloaded_pytest(job: Job) -> int:
    """pytest in this very process: the broker has imported it already. Afterwards, what an interpreter does at its end."""
    import threading  # by now pytest has; in the broker it would run code of its own in every fork

    sys.dont_write_bytecode = not job["warm"]
    if job["warm"]:
        del os.environ["PYTHONDONTWRITEBYTECODE"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.path[:] = pytest_job.import_path(job, os.environ["PYTHONPATH"].split(":"), sys.path[1:])
    code = pytest_job.run(job, REPORT)
    threading._shutdown()  # type: ignore[attr-defined] # joins threads that are no daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code
