"""Rows 2, 3, 4: memory and the stack."""

import pytest

from .yard import Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = """import os, time
for _ in range(6):
    if os.fork() == 0:
        kept = b"x" * (100 << 20)
        time.sleep(3)
        os._exit(0)
"""
SHARED = """import os, time
kept = bytearray(120 << 20)
for n in range(0, len(kept), 4096): kept[n] = 1
for _ in range(16):
    if os.fork() == 0:
        time.sleep(.3)
        os._exit(0)
for _ in range(16): os.wait()
"""
TOGETHER: dict[str, tuple[str, str]] = {
    "03 in six children that are waited for": ("oom", MANY + "for _ in range(6): os.wait()"),
    "03 in six children, the parent exits with 0": ("oom", MANY + "time.sleep(2)"),
    "03 in six children, in daemons": ("oom", "import os\nos.setsid()\n" + MANY + "time.sleep(2)"),
    "03 while a child writes all the time": (
        "oom",
        "import os, time\nif os.fork() == 0:\n while 1: os.write(1, b'.'); time.sleep(.005)\n" + MANY + "time.sleep(2)",
    ),
    "03 shared by many, little in all": ("ok", SHARED),
}


@pytest.mark.parametrize(("verdict", "source"), **numbered(TOGETHER))
async def test_memory_together(yard: Yard, verdict: str, source: str) -> None:
    """All processes together have the limit's memory, whatever the first one says in the end; shared memory counts once."""
    result = await yard.command(source)
    assert ended(result) == verdict, result
    assert result.seconds < 4


ALONE: dict[str, tuple[str, str]] = {
    "02 memory bomb": ("MemoryError", "x = bytearray()\n while 1: x += bytes(1 << 20)"),
    "02 memory bomb of objects": ("MemoryError", "x = []\n while 1: x.append([None] * 9999)"),
    "02 memory bomb of mappings": ("OSError", "import mmap\n x = []\n while 1: x.append(mmap.mmap(-1, 1 << 24))"),
    "04 8 GiB at once": ("MemoryError", "return len(bytearray(8 << 30))"),
    "04 deep recursion": ("RecursionError", "g = lambda: g()\n g()"),
    "04 deep recursion in C": ("RecursionError", "x = []\n for _ in range(10**5): x = [x]\n repr(x)"),
}


@pytest.mark.parametrize(("error", "source"), **numbered(ALONE))
async def test_memory_alone(yard: Yard, error: str, source: str) -> None:
    """One process has the limit's memory: then it gets an error, which it may handle."""
    result = await yard.function(f"def f():\n {source}")
    assert ended(result) == "ok", result
    assert error in result.returned[0].raised
    as_program = await yard.command(
        f"import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\ndef f():\n {source}\nf()"
    )
    assert ended(as_program) == "nonzero", as_program


WORSE: dict[str, tuple[tuple[str, ...], str]] = {
    "04 a number of 10^8 digits": (("timeout",), "10**10**8"),
    "04 catastrophic regular expression": (("timeout",), "import re\nre.match('(a*)*b', 'a' * 99)"),
    "04 recursion without a limit": (
        ("signal", "timeout", "nonzero"),  # the interpreter's own stack is on the heap: whichever ends first
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    ),
    "04 stack overflow in C": (
        ("signal",),
        "import ctypes\ncallback = ctypes.CFUNCTYPE(None)\nimport sys\nsys.setrecursionlimit(10**9)\n"
        "def f(): g()\ng = callback(f)\nf()",
    ),
}


@pytest.mark.parametrize(("verdicts", "source"), **numbered(WORSE))
async def test_runaways(yard: Yard, verdicts: tuple[str, ...], source: str) -> None:
    """What the interpreter can't stop is ended by time, or dies of its own."""
    result = await yard.command(source, seconds=1)
    assert ended(result) in verdicts, result
