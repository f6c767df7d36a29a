"""Rows 1, 8, 9, 10, 11, 24: processes, threads, descriptors, signals and time."""

import ast

import pytest

from ..leftovers import gone
from .yard import Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIME: dict[str, tuple[str, str]] = {
    "01 fork bomb that never gives up": ("timeout", "import os\nwhile 1:\n try: os.fork()\n except OSError: pass"),
    "01 fork bomb": ("nonzero", "import os, sys\nsys.stderr.close()\nwhile 1: os.fork()"),
    "08 infinite loop": ("timeout", "while 1: pass"),
    "08 signals ignored": (
        "timeout",
        "import signal, time\n"
        "for n in {*range(1, 65)} - {9, 19, 32, 33}: signal.signal(n, signal.SIG_IGN)\n"
        "while 1: time.sleep(1)",
    ),
    "08 signals blocked, in C": ("timeout", "import signal\nsignal.pthread_sigmask(0, range(1, 65))\n10**10**8"),
    "08 blocked reading a pipe": ("timeout", "import os\nos.read(os.pipe()[0], 1)"),
    "24 stops itself": ("timeout", "import os\nos.kill(os.getpid(), 19)"),
    "24 stops its group": ("timeout", "import os\nos.kill(0, 19)"),
    "24 stops everything": ("timeout", "import os\ntry: os.kill(-1, 19)\nexcept OSError: pass\nos.kill(os.getpid(), 19)"),
    "24 kills everything, itself last": (
        "signal",
        "import os\ntry: os.kill(-1, 9)\nexcept OSError: pass\nos.kill(os.getpid(), 9)",
    ),
    "24 kills its group": ("signal", "import os\nos.kill(0, 9)"),
    "24 kills the init": ("nonzero", "import os\nfor n in range(1, 65): os.kill(1, n)\nraise SystemExit(5)"),
    "24 asks for a trace's end": ("nonzero", "import os\nfor n in range(999): os.kill(1, 26)\nraise SystemExit(5)"),
    "24 ends by TERM": ("signal", "import os\nos.kill(os.getpid(), 15)\nwhile 1: pass"),
    "24 aborts": ("signal", "import os\nos.abort()"),
    "24 reads address 0": ("signal", "import ctypes\nctypes.string_at(0)"),
}


@pytest.mark.parametrize(("verdict", "source"), **numbered(TIME))
async def test_processes(yard: Yard, verdict: str, source: str) -> None:
    """A program that forks, hangs, stops or kills has its verdict in time; who reports it is out of its reach."""
    result = await yard.command(source, seconds=0.7)
    assert ended(result) == verdict, result
    if verdict == "timeout":
        assert result.seconds >= 0.7


AS_PROCESS_ONE: dict[str, tuple[str, str]] = {
    "01 fork bomb": ("ok", "import os\ndef f():\n while 1: os.fork()"),
    "08 infinite loop": ("timeout", "def f():\n while 1: pass"),
    "08 big number": ("timeout", "def f(): return 10**10**8"),
    "24 kills everything": ("ok", "import os\ndef f(): os.kill(-1, 9)"),
    "24 signals itself": ("ok", "import os, signal\ndef f():\n for n in range(1, 65):\n  if n != 2: os.kill(1, n)"),
    "24 aborts": ("signal", "import os\ndef f(): os.abort()"),
    "24 reads address 0": ("signal", "import ctypes\ndef f(): ctypes.string_at(0)"),
}


@pytest.mark.parametrize(("verdict", "source"), **numbered(AS_PROCESS_ONE))
async def test_functions(yard: Yard, verdict: str, source: str) -> None:
    """A function is called in the first process of its namespace: the same holds there."""
    result = await yard.function(source, seconds=0.7)
    assert ended(result) == verdict, result


DAEMONS: dict[str, tuple[str]] = {
    "09 daemon": (
        """import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in {*range(1, 65)} - {9, 19, 32, 33}: signal.signal(n, signal.SIG_IGN)
        os.closerange(0, 100)
        time.sleep(100)
    os._exit(0)
os.wait()
print("done")""",
    ),
    "09 hundreds of short-lived orphans": (
        """import os
for _ in range(300):
    if os.fork() == 0:
        if os.fork() == 0: os._exit(3)
        os._exit(0)
    os.wait()
print("done")""",
    ),
    "10 child that keeps stdout": ("import os, time\nif os.fork() == 0: time.sleep(100)\nprint('done')",),
    "10 child that keeps stdout and writes on": (
        "import os, time\nif os.fork() == 0:\n while 1: os.write(1, b'x'); time.sleep(.001)\ntime.sleep(.1)\nprint('done')",
    ),
}


@pytest.mark.parametrize(("source",), **numbered(DAEMONS))
async def test_daemons(yard: Yard, source: str) -> None:
    """A job ends when its program ends, at once, and everything that it has started ends with it."""
    for result in (
        await yard.command(source),
        await yard.function(f"def f():\n exec({source!r}, {{}})"),
    ):
        assert ended(result) == "ok", result
        assert result.seconds < 5
    assert await gone(yard.mark)


EXHAUSTION = """import errno, os, select, socket, threading, time
def until_refused(make):
    kept = []
    try:
        while len(kept) < 100_000: kept.append(make())
    except (OSError, RuntimeError) as error:
        number = getattr(error, "errno", None)
        for one in kept:
            for each in one if isinstance(one, tuple) else (one,):
                os.close(each) if isinstance(each, int) else each.close()
        return errno.errorcode[number], len(kept)
    return "never"
def threads():
    count = 0
    stop = threading.Event()
    try:
        while count < 100_000:
            threading.Thread(target=stop.wait, daemon=True).start()
            count += 1
    except RuntimeError as error:
        stop.set()
        return str(error), count
makers = [lambda: open("/dev/null"), os.pipe, select.epoll, socket.socketpair, lambda: os.memfd_create("x")]
makers.append(lambda: os.open("/tmp/x", os.O_CREAT | os.O_RDWR))
print(([until_refused(make) for make in makers], threads()))
"""


async def test_11_exhaustion(yard: Yard) -> None:
    """Files, pipes, event queues, sockets, threads: each ends with an error in the program, long before the host's end."""
    counted, (words, threads) = ast.literal_eval(await yard.told(EXHAUSTION))
    assert {word for word, _ in counted} == {"EMFILE"}, counted
    assert all(300 < count <= 1024 for _, count in counted)
    assert words == "can't start new thread"
    assert threads <= 40


async def test_24_the_init_has_its_own_limits(yard: Yard) -> None:
    """A job can't lower the limits of the process that reports how it ended."""
    source = """import resource
for name in ("CPU", "AS", "NOFILE", "DATA", "STACK", "FSIZE"):
    try: resource.prlimit(1, getattr(resource, "RLIMIT_" + name), (0, 0))
    except PermissionError: continue
    print(name)
"""
    assert await yard.told(source) == ""
