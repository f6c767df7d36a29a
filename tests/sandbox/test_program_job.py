"""A program from input to output, in real processes: as `python program.py` runs it, within limits, each case alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from soloist_sandbox.contract import ProgramCheck, Ran

from tests.sandbox.bare_job import START, cases, job


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "workspace"
    found.mkdir()
    return found


def printed(check: ProgramCheck, root: Path, source: str, *before: str) -> tuple[Ran, ...]:
    (root / "program.py").write_text(source)
    return job(root, check, *before).outcome("program").ran


def python(root: Path, stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "program.py"]
    return subprocess.run(command, cwd=root, env={"LANG": "C.UTF-8"}, input=stdin, capture_output=True, timeout=60, check=False)


def test_a_program_runs_as_python_runs_it(root: Path) -> None:
    """Arguments, path, streams, threads, exit functions, unclosed files and exit codes are those of `python program.py`."""
    (root / "helper.py").write_text("import __main__\nNAME = __main__.__name__\n")
    source = """
import atexit, os, sys, threading, time
import helper
sys.stderr.write("to stderr\\n")
late = open(os.dup(1), "w")
atexit.register(lambda: print("atexit"))
threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
print(helper.NAME, sys.argv, os.path.basename(__file__), __spec__, sys.path[0] == os.getcwd(), repr(input()))
print(ascii(sys.stdin.read()), sys.stdin.encoding, sys.stderr.errors)
late.write("unclosed")
class Last:
    def __del__(self): os.write(1, b"!")
last = Last()
sys.exit(os.environ.get("CODE"))
"""
    (root / "program.py").write_text(source)
    plain = python(root, b"a\r\nb\n\xc3\xa9")
    (here,) = printed(cases(("a\r\nb\né", None)), root, source)
    assert sorted(here.stdout) == sorted(plain.stdout.decode())
    assert here.stdout.splitlines()[:4] == plain.stdout.decode().splitlines()[:4]
    assert (here.exit_code, here.stderr) == (plain.returncode, plain.stderr.decode())


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit",
        "raise SystemExit(3)",
        "raise SystemExit(-1)",
        "raise SystemExit('a reason')",
        "raise SystemExit(True)",
        "def f(): return [][1]\nf()",
        "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1 / 0",
        "x = (\n",
        "import os; os._exit(5)",
        "import os; os.kill(os.getpid(), 15)",
        "import signal; signal.raise_signal(2)",
        "print('\\udcff')",
        "input()",
        "print(__import__('sys').stdin.buffer.read(1), __import__('sys').stdout.encoding)",
    ],
)
def test_a_program_ends_as_with_python(root: Path, source: str) -> None:
    """Exit codes, tracebacks and signals are those of a new interpreter."""
    (root / "program.py").write_text(source)
    plain = python(root, b"")
    (here,) = printed(cases(("", None)), root, source)
    assert here.stdout == plain.stdout.decode(errors="replace")
    if plain.returncode < 0:
        assert here.exit_code is None
        assert f"signal {-plain.returncode}" in here.stderr
    else:
        assert (here.exit_code, here.stderr) == (plain.returncode, plain.stderr.decode())


def test_cases_know_nothing_of_each_other(root: Path) -> None:
    """Every case is a new process with its own input, and the last one is the first that does not end with 0."""
    source = "import builtins, sys\nn = int(input())\nprint(n, hasattr(builtins, 'seen'))\nbuiltins.seen = 1\nsys.exit(n > 2)\n"
    found = printed(cases(*((str(n), None) for n in range(1, 6))), root, source)
    assert [(one.stdout, one.exit_code) for one in found] == [("1 False\n", 0), ("2 False\n", 0), ("3 False\n", 1)]


def test_a_program_can_not_write_results(root: Path) -> None:
    """Its descriptors are its three streams and no more; what it prints is output, whatever it looks like."""
    forged = json.dumps({"exit": 0, "signal": None, "late": False, "too_much": False, "stdout": "", "stderr": ""})
    source = (
        f"import os\nfor d in range(1, 100):\n    try: os.write(d, b'''{forged}\\n''')\n    except OSError: pass\nos._exit(1)"
    )
    (found,) = printed(cases(("", ""), ("", "")), root, source)
    assert found == Ran(exit_code=1, stdout=f"{forged}\n", stderr=f"{forged}\n")


@pytest.mark.timeout(30)
def test_limits_of_a_case(root: Path) -> None:
    """Too long or too much ends a case; the end of a long stderr is kept, and output just below the cap is no fault."""
    (late,) = printed(cases(("", ""), ("", ""), seconds=0.5), root, "import time\nprint('a', flush=True)\ntime.sleep(60)")
    assert late == Ran(exit_code=None, stdout="a\n", late=True)
    (much,) = printed(cases(("", ""), ("", "")), root, "while True: print('a' * 1000)")
    assert (much.exit_code, much.late, len(much.stdout)) == (None, False, 1 << 20)
    assert much.stderr == "it printed more than 1 MiB"
    full = "import sys\nsys.stderr.write('b' * 999999 + 'end')\nsys.stdout.write('a' * (1 << 20))"
    (found,) = printed(cases(("", "a" * (1 << 20))), root, full)
    assert (found.exit_code, len(found.stdout), len(found.stderr), found.stderr[-4:]) == (0, 1 << 20, 4096, "bend")


@pytest.mark.timeout(60)
def test_nothing_of_a_case_lives_on(root: Path) -> None:
    """As process 1 of its namespace, the job ends every process that a case has started before the next case begins."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    before = ("bwrap", "--bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--proc", "/proc", "--as-pid-1")
    if subprocess.run([*before, "true"], capture_output=True, timeout=20, check=False).returncode != 0:
        pytest.skip("bubblewrap can't make a namespace of processes here")
    source = """
import os, signal, time
print(len([name for name in os.listdir("/proc") if name.isdigit()]), flush=True)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(100)
if os.fork() == 0:
    os._exit(0)
"""
    found = printed(cases(("", None), ("", None), ("", None)), root, source, *before)
    assert [(one.exit_code, one.stdout) for one in found] == [(0, "2\n")] * 3


def test_a_process_that_can_not_be_prepared_is_no_programs_fault(root: Path) -> None:
    """Then the job breaks, which the sandbox takes for its own failure; no case is written down."""
    (root / "program.py").write_text("print(1)")
    broken = job(root, cases(("", "1")), start=START.replace("lambda: None", "lambda: 1 / 0"))
    assert broken.code == 1
    assert "RuntimeError: a program's process could not be prepared: ZeroDivisionError" in broken.stderr
    assert broken.data == b""
