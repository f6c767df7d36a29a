"""Rows 16, 20, 21, 22, 27, 30, 31: nothing passes from one job to the next, and nothing but the job comes in."""

import ast
import secrets

import pytest
from soloist_sandbox.contract import Call, CommandCheck, FunctionCheck, PytestCheck

from .yard import Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEAVINGS: dict[str, tuple[str]] = {
    "16 shared memory, queues, semaphores": (
        """import ctypes
libc = ctypes.CDLL(None)
for key in (0x1234, 0):
    assert libc.shmget(key, 4096, 0o1666) >= 0
    assert libc.msgget(key, 0o1666) >= 0
    assert libc.semget(key, 1, 0o1666) >= 0
libc.mq_open(b"/hostile", 66, 0o666, None)""",
    ),
    "16 abstract socket": ("import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0hostile')\ns.listen()",),
    "16 port": ("import socket\ntry:\n socket.create_server(('127.0.0.1', 4567))\nexcept OSError: pass",),
    "16 locked file of the image": (
        "import fcntl, os\nfor path in ('/etc/passwd', os.__file__):\n fcntl.flock(os.open(path, 0), fcntl.LOCK_EX)",
    ),
    "21 files everywhere": (
        """import os
for top, folders, names in os.walk("/"):
    if top.startswith("/proc"): folders.clear(); continue
    for name in ("hostile", ".hostile", "sitecustomize.py", "hostile.pth"):
        try: open(f"{top}/{name}", "w").write("x")
        except OSError: pass""",
    ),
    "21 files replaced and removed": (
        """import os, shutil
shutil.rmtree("/workspace/package")
os.rename("kept.py", "gone.py")
open("witness.py", "w").write("def look(): return {}")
os.chmod("/workspace", 0)""",
    ),
    "21 byte code": (
        """import importlib.util, os
for name in ("witness", "kept", "job"):
    path = importlib.util.cache_from_source(f"/workspace/{name}.py")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "wb").write(b"poison")""",
    ),
    "22 settings of the process": (
        """import locale, os, resource, signal, sys, time
os.environ["HOSTILE"] = "1"; os.putenv("PATH", "/tmp"); os.chdir("/tmp"); os.umask(0); os.nice(5)
locale.setlocale(locale.LC_ALL, ""); os.environ["TZ"] = "Asia/Tokyo"; time.tzset()
for limit in (resource.RLIMIT_AS, resource.RLIMIT_STACK): resource.setrlimit(limit, (1 << 26, 1 << 26))
resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
signal.signal(15, signal.SIG_IGN); signal.setitimer(signal.ITIMER_REAL, 99)
os.sched_setaffinity(0, {0}); sys.setrecursionlimit(9999)""",
    ),
    "22 modules": (
        """import builtins, gc, json, os, random, re, sys
builtins.len = lambda x: 0; json.dumps = re.sub = open = None; gc.disable(); random.seed(0)
for name in list(sys.modules): sys.modules[name] = None
sys.path[:] = ["/tmp"]; sys.excepthook = None; sys.setswitchinterval(100)""",
    ),
    "27 clocks": (
        """import time
time.time = time.monotonic = time.perf_counter = lambda: 0.0
time.sleep = lambda seconds: None""",
    ),
}


@pytest.mark.parametrize(("source",), **numbered(LEAVINGS))
async def test_leavings(yard: Yard, source: str) -> None:
    """Whatever a job leaves behind, as a program or as a function in a fork of the broker, the next one does not find it."""
    assert ended(await yard.command(source)) == "ok"
    result = await yard.function(f"def f():\n exec({source!r}, {{}})")
    assert ended(result) == "ok"
    if "modules" not in source and "rmtree" not in source:
        assert result.returned[0].raised == (), result


async def test_16_locks_and_ports_are_free(yard: Yard) -> None:
    """A file of the image can be locked, and a name or a port taken, by each job as if it were the first."""
    source = """import ctypes, fcntl, os, socket
assert ctypes.CDLL(None).mq_open(b"/hostile", 0, 0, None) == -1
ctypes.CDLL(None).mq_open(b"/hostile", 66, 0o666, None)
kept = [os.open("/etc/passwd", 0), socket.socket(socket.AF_UNIX), socket.socket()]
fcntl.flock(kept[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
kept[1].bind("\\0hostile")
kept[2].bind(("127.0.0.1", 4567))
"""
    for _ in range(3):
        assert ended(await yard.command(source)) == "ok"


SCAN = """import re
def f(secret):
    needle, hits = bytes.fromhex(secret), 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line: continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                hits += memory.read(end - start).count(needle)
            except (OSError, OverflowError): pass
    return hits - 1
"""


async def test_20_memory(yard: Yard) -> None:
    """No memory of the sandbox holds what the job before was given, computed, printed or reported."""
    secret = secrets.token_bytes(16)
    keep = (
        "def f(secret):\n global kept\n"
        " kept = [bytes.fromhex(secret) * 1000 for _ in range(100)]\n print(kept[0])\n"
        " return kept[0]"
    )
    check = FunctionCheck(path="job.py", function="f", calls=(Call(arguments=repr(secret.hex())),))
    assert ended(await yard.trial(check, {"job.py": keep.encode(), "secret.bin": secret * 100})) == "ok"
    printed = CommandCheck(command="cat secret.bin; cat secret.bin >&2; exit 3")
    assert ended(await yard.trial(printed, {"secret.bin": secret * 100})) == "nonzero"
    result = await yard.trial(check, {"job.py": SCAN.encode()})
    # One hit is the needle itself, made from hexadecimal digits by the scan.
    assert result.returned[0].value is not None, result
    assert ast.literal_eval(result.returned[0].value) <= 0, result


async def test_27_time_is_the_brokers(yard: Yard) -> None:
    """How long a job took is told by the broker's clock."""
    source = "import time\nwait = time.sleep\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0\ndef f(): wait(.3)"
    assert 0.3 <= (await yard.function(source)).seconds < 0.8


async def test_30_nothing_hidden(yard: Yard) -> None:
    """Standard input is empty, arguments are the job's own, and neither the order nor hidden expectations can be found."""
    source = """import os, sys
def f(secret):
    with open("/proc/self/maps") as maps: names = sorted({line.split()[-1] for line in maps if "soloist" in line})
    read = []
    for number in range(2000):
        try: read.append((number, os.read(number, 10)))
        except OSError: pass
    return read, sys.argv, os.environ.get("SECRET"), names
"""
    check = FunctionCheck(path="job.py", function="f", calls=(Call(arguments="'x'", returns="'0xexpected'"),))
    result = await yard.trial(check, {"job.py": source.encode()})
    read, arguments, secret, names = ast.literal_eval(result.returned[0].value or "")
    assert read == [(0, b"")]
    assert secret is None
    assert "expected" not in str((arguments, names))
    told = await yard.told("import sys\nprint([sys.stdin.read(), sys.argv])")
    assert told == "['', ['job.py']]\n"


async def test_31_determinism(yard: Yard) -> None:
    """Hashes are the same in every job and kind of job; what random generators give is not."""
    source = (
        "import random, uuid\n"
        "def f(): return [hash('seed'), list({'a', 'b', 'c', 'd', 'e'})], [random.random(), uuid.uuid4().hex]"
    )
    results = [await yard.function(source) for _ in range(3)]
    found = [ast.literal_eval(result.returned[0].value or "") for result in results]
    printed = ast.literal_eval(await yard.told(f"{source}\nprint(f())"))
    fixed = [fixed for fixed, _ in (*found, printed)]
    assert fixed == [fixed[0]] * 4
    assert len({str(drawn) for _, drawn in (*found, printed)}) == 4
    seeded = "import random\ndef f():\n random.seed(5)\n return random.random()"
    assert len({(await yard.function(seeded)).returned for _ in range(3)}) == 1


async def test_22_pytest_is_pristine(yard: Yard) -> None:
    """What a test run does to the preloaded pytest, the next one does not find."""
    await yard.preload()
    vandal = (
        "import _pytest.python, pytest, sys\ndef test():\n pytest.raises = _pytest.python.Function = None\n sys.modules.clear()\n"
    )
    honest = "import pytest\ndef test():\n with pytest.raises(ValueError): int('x')\n"
    for _ in range(2):
        await yard.trial(PytestCheck(args=("test_job.py",)), {"test_job.py": vandal.encode()})
        result = await yard.trial(PytestCheck(args=("test_job.py",)), {"test_job.py": honest.encode()})
        assert ended(result) == "ok", result
