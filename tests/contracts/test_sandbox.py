"""What every sandbox keeps: exact outcomes, limits that bite, nothing seen, nothing left, nothing forged."""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
from soloist_sandbox.contract import CommandCheck, Limits, Outcome, PytestCheck, SandboxUnavailable, Screened, Session
from soloist_sandbox.integrity import judge

from .conftest import CALC, AnySandbox
from .leftovers import appears, gone, kill_containers, marked, nothing_left

FIXED = CALC.replace("a - b", "a + b").encode()
CHECK = PytestCheck(args=("-q",))


def python(source: str) -> CommandCheck:
    """A command that runs this Python source."""
    return CommandCheck(command=f"python3 - <<'END'\n{source}\nEND")


async def screened(session: Session, check: PytestCheck, variants: list[dict[str, bytes]], limits: Limits) -> list[Screened]:
    """All results, by index."""
    found = [result async for result in session.screen(check, variants, limits=limits)]
    return sorted(found, key=lambda result: result.index)


async def test_probe(sandbox: AnySandbox) -> None:
    """A sandbox that works says so by not raising."""
    await sandbox.probe()


async def test_command_outcome(session: Session, engine: str) -> None:
    """A command's exit code, both streams and its time are kept apart."""
    outcome = await session.run(CommandCheck(command="echo out; echo err >&2; exit 7"))
    assert (outcome.exit_code, outcome.signal, outcome.limit) == (7, None, None)
    assert (outcome.stdout, outcome.stderr, outcome.truncated) == ("out\n", "err\n", False)
    assert 0 < outcome.seconds < 5
    assert outcome.report is None
    assert outcome.backend == engine
    assert outcome.peak_memory_mb is None or outcome.peak_memory_mb > 0


async def test_command_passes(session: Session) -> None:
    """A command that exits with 0 has exit code 0, and what it writes may be no text."""
    outcome = await session.run(CommandCheck(command="printf 'a\\377\\000b'"))
    assert (outcome.exit_code, outcome.stdout) == (0, "a�\0b")


async def test_command_dies_by_signal(session: Session) -> None:
    """A signal is named, and there is no exit code then."""
    outcome = await session.run(CommandCheck(command="kill -SEGV $$"))
    assert (outcome.exit_code, outcome.signal, outcome.limit) == (None, 11, None)


async def test_pytest_report(session: Session) -> None:
    """The report has each test's exact id, status, message and frames."""
    outcome = await session.run(CHECK)
    report = outcome.report
    assert report is not None
    assert (outcome.exit_code, report.complete, report.exit_code, report.canary_caught) == (1, True, 1, True)
    assert [(test.id, test.status) for test in report.tests] == [
        ("test_calc.py::test_add", "failed"),
        ("test_calc.py::test_negate", "passed"),
    ]
    failed = report.tests[0]
    assert "assert -1 == 3" in failed.message
    assert [(frame.path, frame.line, frame.function) for frame in failed.frames] == [("test_calc.py", 5, "test_add")]


STATUSES = """import pytest


@pytest.fixture
def bad_setup():
    raise RuntimeError("setup")


@pytest.fixture
def bad_teardown():
    yield
    raise RuntimeError("teardown")


def test_passes(): pass
def test_fails(): import deep; deep.outer()
def test_setup(bad_setup): pass
def test_teardown(bad_teardown): pass
def test_skips(): pytest.skip("why")
@pytest.mark.xfail
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xpasses(): pass
def test_exits(): raise SystemExit(0)
"""


async def test_pytest_statuses(session: Session) -> None:
    """Every way in which a test can end has its status; frames lead into the source."""
    deep = b"class Deep:\n    def inner(self):\n        raise KeyError('x')\n\n\ndef outer():\n    Deep().inner()\n"
    outcome = await session.run(PytestCheck(args=("test_all.py",)), changes={"test_all.py": STATUSES.encode(), "deep.py": deep})
    assert outcome.report is not None
    statuses = {test.id.partition("::test_")[2]: test.status for test in outcome.report.tests}
    assert statuses == {
        "passes": "passed",
        "fails": "failed",
        "setup": "error",
        "teardown": "error",
        "skips": "skipped",
        "xfails": "xfailed",
        "xpasses": "xpassed",
        "exits": "failed",
    }
    failed = outcome.report.tests[1]
    assert [(frame.path, frame.line) for frame in failed.frames] == [("test_all.py", 16), ("deep.py", 7), ("deep.py", 3)]
    assert failed.frames[-1].function == "Deep.inner"


async def test_pytest_collection_error(session: Session) -> None:
    """A file that can't be imported is an error with the file's path, and frames that lead to the fault."""
    outcome = await session.run(CHECK, changes={"calc.py": b"import nothing_like_this\n"})
    assert outcome.report is not None
    assert outcome.exit_code == 2
    (error,) = outcome.report.tests
    assert (error.id, error.status) == ("test_calc.py", "error")
    assert (error.frames[-1].path, error.frames[-1].line) == ("calc.py", 1)
    broken = await session.run(CHECK, changes={"calc.py": b"x = 1\ndef broken(:\n"})
    assert broken.report is not None
    assert (broken.report.tests[0].frames[-1].path, broken.report.tests[0].frames[-1].line) == ("calc.py", 2)


async def test_pytest_ids_and_fail_fast(session: Session) -> None:
    """A narrowed check runs just its ids, in its order, relative to pytest's root; fail-fast stops at the first failure."""
    ids = ["test_calc.py::test_negate", "test_calc.py::test_add"]
    outcome = await session.run(CHECK.narrowed(ids))
    assert outcome.report is not None
    assert list(outcome.report.ids()) == ids
    first = await session.run(CHECK.narrowed(reversed(ids), fail_fast=True))  # type: ignore[arg-type]
    assert first.report is not None
    assert first.report.ids() == ("test_calc.py::test_add",)
    deep = {"inner/test_deep.py": b"def test_deep(): pass\ndef test_other(): pass\n"}
    whole = await session.run(PytestCheck(args=("inner",)), changes=deep)
    assert whole.report is not None
    narrow = await session.run(PytestCheck(args=("inner",)).narrowed(whole.report.ids()[:1]), changes=deep)
    assert narrow.report is not None
    assert narrow.report.ids() == whole.report.ids()[:1]


@pytest.mark.parametrize("as_module", [False, True])
async def test_pytest_sees_what_it_always_sees(session: Session, as_module: bool) -> None:
    """sys.path, arguments, working folder and options are as under plain pytest; `src` can be imported."""
    probe = """import os, sys, inside
def test_it(pytestconfig):
    assert os.getcwd() == "/work"
    first = "/work" if %r else "/usr/local/bin"
    assert [p for p in sys.path if p != "/work/tests"][0] == first, sys.path
    assert sys.argv[1:] == ["--lf", "-p", "no:randomly", "tests/test_it.py"]
    assert "soloist" not in repr(sorted(os.environ.items()))
    assert pytestconfig.cache is not None
    assert os.read(0, 1) == b""
    assert [fd for fd in map(int, os.listdir("/proc/self/fd")) if 30 < fd < 1000] == []
"""
    changes = {
        "tests/test_it.py": (probe % as_module).encode(),
        "src/inside.py": b"",
        "pytest.ini": b"[pytest]\naddopts = --strict-config -W error\n",
    }
    check = PytestCheck(args=("--lf", "-p", "no:randomly", "tests/test_it.py"), as_module=as_module)
    outcome = await session.run(check, changes=changes)
    assert outcome.exit_code == 0, outcome.stdout


async def test_workspace_that_shadows_the_preloaded(session: Session) -> None:
    """A project with a module that pytest itself imports gets its own module, as it would anywhere."""
    changes = {"iniconfig.py": b"raise RuntimeError('mine')\n", "test_own.py": b"def test_own(): pass\n"}
    outcome = await session.run(PytestCheck(as_module=True), changes=changes)
    assert outcome.exit_code not in (0, None)
    assert "RuntimeError: mine" in outcome.stderr
    shadow = {"tarfile.py": b"MINE = 1\n", "test_own.py": b"import tarfile\ndef test_own(): assert tarfile.MINE\n"}
    outcome = await session.run(PytestCheck(args=("test_own.py",), as_module=True), changes=shadow)
    assert outcome.exit_code == 0, outcome.stdout
    assert outcome.report is not None
    assert outcome.report.canary_caught


@pytest.mark.parametrize(
    "program",
    [
        "while True: pass",
        "import signal, time\nfor s in (15, 14, 2, 1): signal.signal(s, signal.SIG_IGN)\nwhile True: time.sleep(1)",
        "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  time.sleep(1000)\ntime.sleep(1000)",
    ],
    ids=["loop", "ignores signals", "detached grandchildren"],
)
async def test_time_limit(session: Session, program: str) -> None:
    """A program that does not end is ended at its limit, with everything that it has started."""
    mark = secrets.token_hex(8)
    outcome = await session.run(CommandCheck(command=f"python3 -c '{program}' {mark}"), limits=Limits(seconds=1))
    assert (outcome.exit_code, outcome.limit) == (None, "seconds")
    assert 1 <= outcome.seconds < 2
    assert await gone(mark)


async def test_daemon_ends_with_its_job(session: Session) -> None:
    """What a program leaves running ends with it, and holding its stdout open delays nothing."""
    mark = secrets.token_hex(8)
    started = f"import os, sys\nif os.fork() == 0:\n os.setsid()\n os.execlp('sleep', '{mark}', '1000')\nprint('done')"
    outcome = await session.run(CommandCheck(command=f'python3 -c "{started}"'), limits=Limits(seconds=15))
    assert (outcome.exit_code, outcome.stdout, outcome.limit) == (0, "done\n", None)
    assert outcome.seconds < 10
    assert await gone(mark)


async def test_fork_bomb(session: Session) -> None:
    """A program that forks for ever is held to its number of processes, and the next job runs as if nothing had been."""
    bomb = "import os, time\nn = 0\ntry:\n  while True:\n    if os.fork() == 0:\n      time.sleep(100)\n    n += 1\nexcept OSError: print(n)"
    limits = Limits(seconds=10, processes=32, memory_mb=256)
    outcome = await session.run(python(bomb), limits=limits)
    assert outcome.exit_code == 0, outcome
    assert 0 < int(outcome.stdout) <= 32
    wild = await session.run(
        python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"), limits=Limits(seconds=1, processes=32)
    )
    assert wild.limit == "seconds"
    assert wild.seconds < 3
    assert (await session.run(CommandCheck(command="true"))).exit_code == 0


async def test_memory_bomb(session: Session, engine: str) -> None:
    """A program can't have more memory than its limit; where the kernel ends it, the limit is named."""
    limits = Limits(seconds=20, memory_mb=64, disk_mb=8)
    outcome = await session.run(python("x = bytearray()\nwhile True: x += bytes(1 << 20)"), limits=limits)
    assert outcome.exit_code != 0
    assert outcome.limit == "memory" or "MemoryError" in outcome.stderr
    if engine == "docker":  # together
        many = "import os\nfor _ in range(8):\n  if os.fork() == 0:\n    x = b'x' * (48 << 20)\n    os.pause() if 0 else __import__('time').sleep(5)\n"
        together = await session.run(python(many + "for _ in range(8): os.wait()"), limits=limits)
        assert (together.limit, together.exit_code) == ("memory", None)


async def test_disk_fill(session: Session) -> None:
    """Nothing can be written without end, anywhere."""
    fill = """import os, json
total = 0
for top, folders, _ in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders.clear()
        continue
    for n in range(100):
        try:
            with open(f"{top}/fill{n}", "wb", buffering=0) as f:
                while True: total += f.write(bytes(1 << 20))
        except OSError as e:
            if n and e.errno == 28: break
            if e.errno in (30, 13, 1): break
print(total >> 20)
"""
    outcome = await session.run(python(fill), limits=Limits(seconds=30, disk_mb=16, memory_mb=256))
    assert outcome.exit_code == 0, outcome
    assert 8 <= int(outcome.stdout) <= 80


async def test_output_flood(session: Session) -> None:
    """A program that writes more than is kept is ended at once; what was kept is its beginning."""
    outcome = await session.run(CommandCheck(command="echo first; yes"), limits=Limits(seconds=15, output_kb=64))
    assert (outcome.exit_code, outcome.limit, outcome.truncated) == (None, "output", True)
    assert outcome.stdout.startswith("first\ny\n")
    assert len(outcome.stdout) == 64 << 10
    assert outcome.seconds < 5
    much = await session.run(
        CommandCheck(command="head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"), limits=Limits(output_kb=3000)
    )
    assert (much.exit_code, len(much.stdout), len(much.stderr), much.truncated) == (0, 3_000_000, 3_000_000, False)


async def test_no_network(session: Session) -> None:
    """There is no interface but the loopback, and no way out."""
    program = """import socket
print([name for _, name in socket.if_nameindex()])
for family, address in ((socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("169.254.169.254", 80)), (socket.AF_INET6, ("2606:4700::1", 53))):
    try:
        socket.socket(family, socket.SOCK_STREAM).connect(address)
        print("connected", address)
    except OSError: pass
try: print(socket.getaddrinfo("pypi.org", 443))
except OSError: pass
"""
    outcome = await session.run(python(program))
    assert (outcome.exit_code, outcome.stdout) == (0, "['lo']\n"), outcome


WITNESS = """import json, os
def attempt(path):
    try:
        open(path, "w").close()
        return True
    except OSError: return False
def listing(path):
    try: return sorted(os.listdir(path))
    except OSError: return None
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
places = ["/x", "/etc/x", "/usr/x", "/opt/soloist/x", "/opt/soloist/runner.py", "/dev/x", "/var/tmp/x", "/run/x", "/dev/mqueue/x", "/sys/x"]
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(),
    "caps": [status[k].strip() for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")], "nnp": status["NoNewPrivs"].strip(),
    "written": [p for p in places if attempt(p)],
    "home": listing("/root"), "homes": listing("/home"),
    "sockets": [p for p in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd") if os.path.exists(p)],
    "commands": [open(f"/proc/{p}/cmdline").read().replace("\\0", " ") for p in os.listdir("/proc") if p.isdigit()],
    "runner": listing("/proc/1/fd"), "environment": dict(os.environ), "host": os.uname().nodename,
    "setuid": [p for top, _, fs in os.walk("/usr") for f in fs for p in [f"{top}/{f}"] if os.lstat(p).st_mode & 0o6000],
}))
"""


async def test_sees_and_may_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is nobody, has no rights, can't write outside its folders, and sees nothing of the host or of the runner."""
    monkeypatch.setenv("SOLOIST_SECRET", "hunter2")
    outcome = await session.run(CommandCheck(command=f"python3 -c '{WITNESS.replace(chr(39), chr(34))}'"))
    assert outcome.exit_code == 0, outcome.stderr
    seen = json.loads(outcome.stdout)
    assert seen["uids"] == seen["gids"] == [10001] * 3
    assert 0 not in seen["groups"]
    assert {int(mask, 16) for mask in seen["caps"]} == {0}
    assert seen["nnp"] == "1"
    assert seen["written"] == []
    assert not seen["home"]
    assert not seen["homes"]
    assert seen["sockets"] == []
    assert len(seen["commands"]) <= 3
    assert seen["runner"] is None
    assert set(seen["environment"]) <= {
        *("PATH", "HOME", "LANG", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PWD", "SHLVL", "_", "OLDPWD"),
    }
    assert seen["host"] == "sandbox"
    assert seen["setuid"] == []


async def test_cannot_reach_the_runner(session: Session) -> None:
    """The runner can't be traced, signalled, read or spoken for: what a job writes to any descriptor stays its own output."""
    program = """import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(16, 1, 0, 0) == -1
for path in ("/proc/1/mem", "/proc/1/environ", "/proc/1/maps"):
    try: open(path, "rb").read(1); print("read", path)
    except OSError: pass
for number in range(1, 65):
    try: os.kill(1, number)
    except (OSError, ValueError): pass
forged = b'SLO1' + (40).to_bytes(4, 'big') + bytes(8) + b'{"op":"done","status":0}'
for fd in range(3, 1100):
    try: os.write(fd, forged)
    except OSError: pass
print("end")
raise SystemExit(3)
"""
    outcome = await session.run(python(program))
    assert (outcome.exit_code, outcome.stdout) == (3, "end\n"), outcome
    suicide = await session.run(python("import os\nos.kill(-1, 9)"))
    assert suicide.exit_code != 0


async def test_runs_share_nothing(session: Session) -> None:
    """Two runs of a session have no file in common but the workspace as it was."""
    leave = "for d in /work /tmp /dev/shm; do echo secret > $d/left; done; echo changed > calc.py; ls"
    assert (await session.run(CommandCheck(command=leave))).exit_code == 0
    outcome = await session.run(CommandCheck(command="cat /work/left /tmp/left /dev/shm/left; cat calc.py"))
    assert outcome.stdout == CALC


async def test_changes_are_laid(session: Session) -> None:
    """Changes replace and add files before the job; the rest stays."""
    changes = {"calc.py": b"new\r\n\xff", "deep/er/file.txt": b"added"}
    outcome = await session.run(CommandCheck(command="cat calc.py deep/er/file.txt; wc -l < test_calc.py"), changes=changes)
    assert outcome.stdout == "new\r\n�added9\n"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a\0b", "a\\b", "link/x", "folder"])
async def test_changes_stay_inside(sandbox: AnySandbox, tmp_path: Path, path: str) -> None:
    """A change that leaves the workspace is the caller's mistake."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/tmp")  # noqa: S108
    session = await sandbox.open(tmp_path)
    try:
        with pytest.raises(ValueError, match=r".+"):
            await session.run(CommandCheck(command="true"), changes={path: b""})
    finally:
        await session.close()


async def test_tree_arrives_as_it_is(sandbox: AnySandbox, tmp_path: Path) -> None:
    """Modes, symbolic links, empty folders and odd names arrive; git's folder and bytecode don't."""
    (tmp_path / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("run.sh")
    (tmp_path / "dangling").symlink_to("/nowhere")
    (tmp_path / "é ü\n").write_text("odd")
    (tmp_path / ".git").mkdir()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "closed").write_text("read-only")
    (tmp_path / "closed").chmod(0o400)
    session = await sandbox.open(tmp_path)
    try:
        outcome = await session.run(
            CommandCheck(command="./link; readlink dangling; cat é*; cat closed; ls -dA .git __pycache__ empty")
        )
    finally:
        await session.close()
    assert outcome.stdout == "ran\n/nowhere\noddread-onlyempty\n"


LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)


async def test_screen_is_complete(session: Session) -> None:
    """Every variant has exactly one result, its own, whatever the order."""
    variants = [
        {"calc.py": FIXED if n % 3 == 0 else f"def add(a, b): return {n}\ndef negate(a): return -a\n".encode()} for n in range(20)
    ]
    results = await screened(session, CHECK, variants, LIMITS)
    assert [result.index for result in results] == list(range(20))
    for result in results:
        assert (result.exit_code == 0) == (result.index % 3 == 0 or result.index == 3), result
        assert result.report is not None
        assert len(result.report.tests) == 2
    assert [result.exit_code async for result in session.screen(CommandCheck(command="cat calc.py"), [], limits=LIMITS)] == []


async def test_screen_keeps_no_state(session: Session) -> None:
    """A variant finds the workspace as it was, however the one before left it."""
    vandal = """import os, shutil, socket, subprocess, sys, pathlib
os.environ["LEFT"] = "1"; sys.modules["json"] = None
for place in ("/work", "/tmp", "/dev/shm"): pathlib.Path(place, "left").write_text("x")
pathlib.Path("/work/test_calc.py").write_text("def test_add(): pass\\ndef test_negate(): pass\\n")
os.makedirs("/work/new/deep"); os.chmod("/work/new", 0)
for cache in pathlib.Path("/work").rglob("*.pyc"): cache.write_bytes(b"poison")
subprocess.Popen(["sleep", "1000"], start_new_session=True)
def add(a, b): return 3
def negate(a): return -1
"""
    witness = """import os, json, subprocess
found = [p for p in ("/work/left", "/tmp/left", "/dev/shm/left", "/work/new") if os.path.lexists(p)]
assert not found, found
assert "LEFT" not in os.environ and json is not None
assert len([p for p in os.listdir("/proc") if p.isdigit()]) == 2
assert "calc.add" in open("/work/test_calc.py").read()
def add(a, b): return a + b
def negate(a): return -a
"""
    variants = [{"calc.py": (vandal if n % 2 == 0 else witness).encode()} for n in range(12)]
    results = await screened(session, CHECK, variants, LIMITS)
    assert [result.exit_code for result in results[1::2]] == [0] * 6, results[1].report
    again = await screened(session, CHECK, [{}], LIMITS)  # the unchanged tree
    assert again[0].report is not None
    assert again[0].report.ids("failed") == ("test_calc.py::test_add",)


async def test_screen_never_serves_stale_bytecode(session: Session) -> None:
    """A source of the same size and name is compiled anew, variant after variant."""
    variants = [{"calc.py": CALC.replace("a - b", f"a {op} b").encode()} for op in "+-*+/+%+-+" * 2]
    results = await screened(session, CHECK, variants, LIMITS)
    assert [result.exit_code for result in results] == [0 if b"a + b" in variant["calc.py"] else 1 for variant in variants]


async def test_screen_hanging_variant(session: Session) -> None:
    """A variant that hangs costs its own limit and nothing more."""
    limits = LIMITS.model_copy(update={"seconds": 2.0})
    variants = [{"calc.py": FIXED}, {"calc.py": b"while True: pass\n"}, *({"calc.py": FIXED} for _ in range(6))]
    started = time.monotonic()
    results = await screened(session, CHECK, variants, limits)
    assert [result.limit for result in results] == [None, "seconds", *[None] * 6]
    assert [result.exit_code for result in results] == [0, None, *[0] * 6]
    assert time.monotonic() - started < 15


async def test_screen_survives_a_lost_container(session: Session, engine: str) -> None:
    """A container that is killed is replaced, and no result is lost."""
    results = []
    async for result in session.screen(CHECK, [{"calc.py": FIXED}] * 12, limits=LIMITS):
        results.append(result)
        if len(results) == 3:
            await kill_containers(engine)
    assert sorted(result.index for result in results) == list(range(12))
    assert {result.exit_code for result in results} == {0}


async def test_screen_closed_early(session: Session, engine: str) -> None:
    """Leaving the loop ends the work under way; closing the session leaves nothing at all."""
    variants = [{"calc.py": FIXED}, *({"calc.py": b"import time\ntime.sleep(1000)\n"} for _ in range(9))]
    generator = cast("AsyncIterator[Screened]", session.screen(CHECK, variants, limits=LIMITS))
    started = time.monotonic()
    async with aclosing(generator) as results:  # type: ignore[type-var]
        async for _ in results:
            break
    assert time.monotonic() - started < 9
    await session.close()
    assert await nothing_left(engine)


async def test_cancelled_run_leaves_nothing(session: Session, engine: str) -> None:
    """Cancelling a run, early or late, ends its container and all that runs in it."""
    mark = secrets.token_hex(8)
    for delay in (0.0, 0.01, 0.1, None):
        task = asyncio.create_task(session.run(CommandCheck(command=f"sleep 1000; : {mark}")))
        if delay is None:
            assert await appears(mark)
        else:
            await asyncio.sleep(delay)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 5
        assert await nothing_left(engine)
        assert await gone(mark)


async def test_closed_session_runs_nothing(session: Session, engine: str) -> None:
    """Closing ends a run under way, may be done twice, and nothing runs afterwards."""
    task = asyncio.create_task(session.run(CommandCheck(command="sleep 1000")))
    await asyncio.sleep(0.5)
    await session.close()
    await session.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RuntimeError, match="closed"):
        await session.run(CommandCheck(command="true"))
    assert await nothing_left(engine)


async def test_killed_container_is_no_outcome(session: Session, engine: str) -> None:
    """A sandbox that breaks, and breaks again, is reported as such: never as the program's failure."""

    async def assassin() -> None:
        while True:
            await kill_containers(engine)
            await asyncio.sleep(0.05)

    killer = asyncio.create_task(assassin())
    try:
        with pytest.raises(SandboxUnavailable, match=engine):
            await session.run(CommandCheck(command="sleep 20"))
    finally:
        killer.cancel()


async def test_killed_client_leaves_nothing(engine: str, tree: Path) -> None:
    """A client that is killed, with no time to clean up, leaves no container and no process behind."""
    mark = secrets.token_hex(8)
    head, tail = mark[:8], mark[8:]
    name = {"docker": "docker_engine.DockerSandbox", "bubblewrap": "bubblewrap.BubblewrapSandbox"}[engine]
    module, _, cls = name.partition(".")
    program = f"""import asyncio, pathlib
from soloist_sandbox.contract import CommandCheck
from soloist_sandbox.{module} import {cls}
async def main():
    session = await {cls}().open(pathlib.Path({str(tree)!r}))
    await session.run(CommandCheck(command="sleep 1000; : " + "{head}" + "{tail}"))
asyncio.run(main())
"""
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await appears(mark, 20)
    client.kill()
    await client.wait()
    assert await gone(mark, 10), marked(mark)


FORGERIES = {
    "exit at import": "import os; os._exit(0)",
    "exit in the function": "import os\ndef add(a, b): os._exit(0)\ndef negate(a): return -a",
    "exit at the end": "import atexit, os; atexit.register(os._exit, 0)\ndef add(a, b): return 0\ndef negate(a): return -a",
    "sys.exit at import": "import sys; sys.exit(0)",
    "sys.exit in the function": "import sys\ndef add(a, b): sys.exit(0)\ndef negate(a): return -a",
    "pytest.exit": "import pytest\ndef add(a, b): pytest.exit('fine', returncode=0)\ndef negate(a): return -a",
    "pytest.skip": "import pytest\ndef add(a, b): pytest.skip('later')\ndef negate(a): return -a",
    "skip at import": "import pytest; pytest.skip('later', allow_module_level=True)",
    "xfail": "import pytest\ndef add(a, b): pytest.xfail('known')\ndef negate(a): return -a",
    "patched report": """from _pytest.reports import TestReport
real = TestReport.from_item_and_call.__func__
def fake(cls, item, call):
    call.excinfo = None
    return real(cls, item, call)
TestReport.from_item_and_call = classmethod(fake)
def add(a, b): return 0
def negate(a): return -a
""",
    "patched outcome": """from _pytest.reports import TestReport
TestReport.__setattr__ = lambda self, name, value: object.__setattr__(self, name, "passed" if name == "outcome" else value)
TestReport.failed = property(lambda self: False)
import _pytest.main
_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, value: None)
def add(a, b): return 0
def negate(a): return -a
""",
    "patched exit code": """import _pytest.main
_pytest.main.Session.exitstatus = property(lambda self: 0, lambda self, value: None)
def add(a, b): return 0
def negate(a): return -a
""",
    "fake reports everywhere": """import json, os
lines = [{"t": "test", "id": f"test_calc.py::test_{n}", "status": "passed", "seconds": 0, "message": "", "frames": []} for n in ("add", "negate")]
lines += [{"t": "end", "exit": 0}, {"t": "canary", "caught": True}]
text = "".join(json.dumps(line) + "\\n" for line in lines).encode()
for fd in range(1, 2000):
    try: os.write(fd, text)
    except OSError: pass
print("2 passed")
def add(a, b): return 0
def negate(a): return -a
""",
    "nonsense reports": """import os
for fd in range(900, 1100):
    try: os.write(fd, b"[" * 100000 + b"\\n" + b'{"t": NaN}\\n\\xff\\n' + b"9" * 100000 + b"\\n")
    except OSError: pass
def add(a, b): return a + b
def negate(a): return -a
""",
    "closed descriptors": "import os; os.closerange(0, 5000)\ndef add(a, b): return a + b\ndef negate(a): return -a",
    "fork": "import os\nif os.fork(): os._exit(0)\ndef add(a, b): return 0\ndef negate(a): return -a",
}


@pytest.fixture
async def baseline(session: Session) -> Outcome:
    """The run before any change: one test fails."""
    return await session.run(CHECK)


async def test_forgeries_never_pass(session: Session, baseline: Outcome) -> None:
    """No program is judged as passed for exiting with 0, skipping, patching pytest, or claiming that it passed."""
    for name, forgery in FORGERIES.items():
        outcome = await session.run(CHECK, changes={"calc.py": f"{forgery}\n".encode()}, limits=LIMITS)
        judgement = judge(CHECK, baseline, outcome)
        assert not judgement.passed, (name, judgement, outcome)
        assert judgement.level == "unverified"


async def test_honest_work_passes(session: Session, baseline: Outcome) -> None:
    """What really works is judged as tested, in one sentence."""
    outcome = await session.run(CHECK, changes={"calc.py": FIXED})
    judgement = judge(CHECK, baseline, outcome)
    assert judgement.passed, judgement
    assert judgement.level == "tested"
    assert judgement.why == "2 tests passed, the same as before; 1 of them failed before the change"


async def test_hang_in_the_baseline(session: Session) -> None:
    """When a test never ends before the change, the ids of all tests are known nevertheless, and a fix can be judged."""
    hang = CALC.replace("return a - b", "\n    while True: pass").encode()
    outcome = await session.run(CHECK, changes={"calc.py": hang}, limits=Limits(seconds=2))
    assert outcome.limit == "seconds"
    assert outcome.report is not None
    assert not outcome.report.complete
    assert [test.status for test in outcome.report.tests] == ["failed", "error"]
    fixed = await session.run(CHECK, changes={"calc.py": FIXED})
    assert judge(CHECK, outcome, fixed).level == "tested"


SUBJECT = """def sign(x):
    if x < 0:
        return -1
    if x > 1:
        return 1
    return 0


def spin(n):
    while n:
        n -= 0
    return n
"""
TEST_SUBJECT = """import subject


def test_negative(): assert subject.sign(-5) == -1
def test_positive(): assert subject.sign(5) == 1
def test_one(): assert subject.sign(1) == 1
def test_still(): assert subject.spin(0) == 0
"""


async def test_trace_spectrum(session: Session) -> None:
    """Tracing counts, for each line of the source, the failing and the passing tests that executed it."""
    changes = {"subject.py": SUBJECT.encode(), "test_subject.py": TEST_SUBJECT.encode()}
    outcome = await session.run(PytestCheck(args=("test_subject.py",)), changes=changes, trace=True)
    assert outcome.report is not None
    assert outcome.report.ids("failed") == ("test_subject.py::test_one",)
    assert "CoverageWarning" not in outcome.stderr
    (subject,) = outcome.report.spectrum
    assert subject.path == "subject.py"
    counts = {line.line: (line.failed, line.passed) for line in subject.lines}
    assert counts == {2: (1, 2), 3: (0, 1), 4: (1, 1), 5: (0, 1), 6: (1, 0), 10: (0, 1), 12: (0, 1)}


@pytest.mark.parametrize("loop", ["spin(1)", "sleep()", "stubborn()"])
async def test_trace_outlives_a_looping_test(session: Session, loop: str) -> None:
    """A test that never ends fails, and its lines are counted with those of all other tests."""
    stubborn = (
        "\n\ndef stubborn():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
    )
    sleep = "\n\ndef sleep():\n    import time\n    time.sleep(1000)\n"
    changes = {
        "subject.py": (SUBJECT + stubborn + sleep).encode(),
        "test_subject.py": f"{TEST_SUBJECT}def test_loops(): assert subject.{loop}\n".encode(),
    }
    outcome = await session.run(PytestCheck(args=("test_subject.py",)), changes=changes, trace=True, limits=Limits(seconds=8))
    assert outcome.report is not None
    statuses = {test.id.partition("::")[2]: test.status for test in outcome.report.tests}
    assert statuses["test_loops"] == "failed"
    assert statuses["test_positive"] == "passed"
    (subject,) = outcome.report.spectrum
    counts = {line.line: (line.failed, line.passed) for line in subject.lines}
    assert counts[2] == (1, 2)
    if loop == "spin(1)":
        assert counts[10] == (1, 1)
        assert counts[11] == (1, 0)
        assert outcome.report.complete
