"""`soloist sandbox run`: a program, a command or a check in the sandbox, for people and scripts."""

import asyncio
import json
import os
import pty
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from soloist_sandbox import images
from soloist_sandbox.choose import BACKENDS, engine_problem

from tests.conftest import SOLOIST, Said
from tests.contracts.leftovers import gone, marked

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.usefixtures("any_sandbox")

Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The real command in a folder of its own, with something piped in."""

    def call(*args: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Said:
        command = [str(SOLOIST), "sandbox", "run", *args]
        done = subprocess.run(
            command, input=stdin, capture_output=True, cwd=tmp_path, timeout=100, check=False, env={**os.environ, **(env or {})}
        )
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of a backend that works here."""
    if (problem := asyncio.run(engine_problem(request.param))) is not None:
        pytest.skip(f"{request.param}: {problem}")
    asyncio.run(images.ensure("base", request.param, print))
    return str(request.param)


PROGRAM = """import os, sys
print(sys.argv[1:], sys.stdin.read().upper(), sorted(os.listdir()))
print("wrong", file=sys.stderr)
raise SystemExit(7)
"""


def test_a_program_runs_as_it_would_here(run: Run, tmp_path: Path, backend: str) -> None:
    """Its arguments and standard input go in; both streams and the exit code come out; it is alone in its workspace."""
    (tmp_path / "program.py").write_text(PROGRAM)
    said = run("program.py", "--sandbox", backend, "--", "-x", "a b", stdin=b"piped")
    assert said == Said(7, "['-x', 'a b'] PIPED ['program.py']\n", "wrong\n")


def test_standard_input_from_a_file(run: Run, tmp_path: Path) -> None:
    """A program that is piped in reads what `--stdin` names."""
    (tmp_path / "numbers").write_text("3 4\n")
    said = run("-", "--stdin", "numbers", stdin=b"print(sum(map(int, input().split())))")
    assert said == Said(0, "7\n", "")


X86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="a call of its own")


@pytest.mark.parametrize(
    ("program", "code", "word"),
    [
        ("import os; os.kill(os.getpid(), 11)", 128 + 11, ""),
        ("while True: pass", 124, "--seconds"),
        ("while True: print('x' * 1000)", 122, "--output"),
        pytest.param("import ctypes; ctypes.CDLL(None).syscall(0x40000027)", 120, "system call", marks=X86),  # the x32 ABI
    ],
    ids=["signal", "time", "output", "system call"],
)
def test_every_ending_has_its_exit_code(run: Run, program: str, code: int, word: str) -> None:
    """Signals are told as a shell does; each limit has a code of its own, and a line that says how to raise it."""
    said = run("-", "--seconds", "2", "--output", "64", stdin=program.encode())
    assert said.code == code
    assert word in said.err


AREA = "def area(a, b):\n    return a * b\n"
TESTS = """from area import area

def test_small(): assert area(3, 4) == 12
def test_odd(): assert area(1, 1) == {}
"""


@pytest.mark.parametrize(("expected", "passes"), [("1", True), ("2", False)])
def test_a_program_and_its_tests(run: Run, tmp_path: Path, expected: str, passes: bool) -> None:
    """Each test is listed; the verdict stands on tests that were seen to fail on an empty program."""
    (tmp_path / "area.py").write_text(AREA)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_area.py").write_text(TESTS.format(expected))
    said = run("area.py", "--tests", "checks")
    assert said.code == (0 if passes else 1), said
    lines = said.out.splitlines()
    assert lines[0] == "passed  checks/test_area.py::test_small"
    assert ("failed  checks/test_area.py::test_odd" in lines) == (not passes)
    assert ("assert 1 == 2" in said.out) == (not passes)
    assert lines[-1].startswith("passed (tested): 2 tests passed" if passes else "not passed (unverified): 1 test of 2")


def test_tests_that_do_not_look_at_the_program(run: Run, tmp_path: Path) -> None:
    """They pass on an empty program too, and so prove nothing about this one."""
    (tmp_path / "area.py").write_text(AREA)
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    said = run("area.py", "--tests", "test_nothing.py")
    assert said.out.splitlines()[-1].startswith("passed (executed): ")


def test_a_program_that_leaves_pytest_has_not_passed(run: Run, tmp_path: Path) -> None:
    """An exit code of 0 is no proof."""
    (tmp_path / "area.py").write_text("import os\nos._exit(0)\n")
    (tmp_path / "test_area.py").write_text(TESTS.format(1))
    said = run("area.py", "--tests", "test_area.py")
    assert said.code == 1
    assert "not passed (unverified)" in said.out


def test_calls_of_a_function(run: Run, tmp_path: Path, backend: str) -> None:
    """A line for each call; what is expected is compared by exact type, and exceptions by name."""
    (tmp_path / "area.py").write_text(AREA)
    calls = ("--call", "area(3, b=4)", "--call", "area('a', 'b')")
    told = run("area.py", *calls, "--sandbox", backend)
    assert (told.code, told.out.splitlines()[0]) == (0, "area(3, b=4) = 12")
    assert told.out.splitlines()[1].startswith("area('a', 'b') raised TypeError: ")
    right = run("area.py", *calls, "--expect", "12", "--expect", "raises TypeError", "--sandbox", backend)
    assert (right.code, right.out.splitlines()[-1]) == (0, "passed (executed): 2 calls gave what was expected")
    wrong = run("area.py", *calls, "--expect", "12.0", "--expect", "raises TypeError", "--sandbox", backend)
    assert wrong.code == 1
    assert wrong.out.splitlines()[-1].endswith("returned 12, but expected is 12.0")


def test_a_function_that_is_not_there(run: Run) -> None:
    """Nothing could be called: not passed, and standard error says why."""
    said = run("-", "--call", "area(1)", stdin=b"print('other')")
    assert said.code == 1
    assert "there is no area in it" in said.err


def test_a_command_over_a_folder(run: Run, tmp_path: Path, backend: str) -> None:
    """It sees a copy: what it does to the folder is gone, but for the files that are asked for."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").write_text("old\n")
    script = "cat old; echo new > old; mkdir -p d/e; printf 'a\\377' > d/e/f; chmod +x d/e/f; ln -s /etc/passwd link; exit 5"
    said = run("--repo", "folder", "--collect", "out", "--sandbox", backend, "--", "sh", "-c", script)
    assert (said.code, said.out) == (5, "old\n")
    assert said.err == "soloist: 2 files written to out\n"
    assert (folder / "old").read_text() == "old\n"
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*")) == [
        "d",
        "d/e",
        "d/e/f",
        "old",
    ]
    assert (tmp_path / "out" / "d" / "e" / "f").read_bytes() == b"a\xff"
    assert os.access(tmp_path / "out" / "d" / "e" / "f", os.X_OK)


def test_collected_files_go_nowhere_else(run: Run, tmp_path: Path) -> None:
    """Files that are there are kept unless --force is given, and no link is followed even then."""
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (outside / "kept").write_text("kept")
    (out / "file").symlink_to(outside / "kept")
    arguments = ("--command", "echo new > file", "--collect", "out")
    refused = run(*arguments)
    assert (refused.code, refused.err) == (2, "soloist: nothing was written: out has file already; --force replaces them\n")
    assert run(*arguments, "--force").code == 0
    assert not (out / "file").is_symlink()
    (out / "door").symlink_to(outside)
    assert run("--command", "mkdir door; echo new > door/new", "--collect", "out", "--force").code == 2
    assert [path.read_text() for path in outside.iterdir()] == ["kept"]


def test_json_is_the_outcome(run: Run) -> None:
    """One object with all that is known; bytes are in base 64; the exit code is the same as without."""
    said = run("--command", "echo out; printf '\\377' > f; exit 3", "--collect", "out", "--json")
    told = json.loads(said.out)
    assert said.code == told["exit_code"] == 3
    assert (told["stdout"], told["ended"], told["judgement"]) == ("out\n", "nonzero", None)
    assert told["files"] == [{"path": "f", "content": "_w==", "executable": False}]
    checked = run("-", "--call", "f()", "--expect", "1", "--json", stdin=b"def f(): return 2\n")
    judgement = json.loads(checked.out)["judgement"]
    assert (checked.code, judgement["passed"], judgement["level"]) == (1, False, "unverified")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "say what to run"),
        (["missing.py"], "there is no file missing.py"),
        (["."], "--repo . -- COMMAND"),
        (["-", "--command", "true"], "not both"),
        (["-", "--tests", "missing"], "missing"),
        (["-", "--call", "f(1"], "is no call"),
        (["-", "--call", "f(x)"], "'x' is no literal"),
        (["-", "--call", "f()", "--call", "g()"], "one function at a time"),
        (["-", "--call", "f()", "--call", "f(1)", "--expect", "1"], "one --expect for each --call"),
        (["-", "--expect", "1"], "give the call"),
        (["-", "--call", "f()", "--tests", "."], "choose one"),
        (["--repo", "missing", "--", "true"], "there is no folder missing"),
        (["--repo", "."], "say what to run over"),
        (["-", "--stdin", "missing"], "there is no file missing"),
        (["-", "--force"], "--collect"),
        (["-", "--sandbox", "podman"], "'docker' or 'bubblewrap'"),
        (["--command", " "], "empty"),
    ],
)
def test_bad_input_is_one_line(run: Run, arguments: list[str], word: str) -> None:
    """Exit code 2, nothing on standard output, and one line that says what to do."""
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert word in said.err
    assert len(said.err.splitlines()) == 1


def test_limits_out_of_range_are_usage_errors(run: Run) -> None:
    """They are refused by their names."""
    for option, value in (("--seconds", "0"), ("--memory", "1"), ("--processes", "-1"), ("--disk", "x"), ("--output", "0")):
        said = run("-", option, value)
        assert said.code == 2
        assert option in said.err


def test_no_sandbox_is_a_refusal(run: Run, tmp_path: Path) -> None:
    """Where neither Docker nor bubblewrap is there, nothing runs, and standard output stays empty."""
    env = {"PATH": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    said = run("-", "--json", stdin=b"open('ran', 'w')", env=env)
    assert (said.code, said.out) == (3, "")
    assert "bubblewrap" in said.err
    assert not (tmp_path / "ran").exists()


def test_standard_input_that_does_not_end(tmp_path: Path) -> None:
    """Who pipes must come to an end within the program's time; the line says how to give it nothing."""
    reading, writing = os.pipe()
    try:
        command = [str(SOLOIST), "sandbox", "run", "--command", "true", "--seconds", "0.5"]
        done = subprocess.run(command, stdin=reading, capture_output=True, text=True, timeout=60, check=False)
    finally:
        os.close(reading)
        os.close(writing)
    assert (done.returncode, done.stdout) == (2, "")
    assert "</dev/null" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_leaves_nothing(tmp_path: Path, number: signal.Signals, backend: str) -> None:
    """Ctrl-C and SIGTERM end the program, its sandbox and its temporary folder."""
    mark = secrets.token_hex(8)
    command = [str(SOLOIST), "sandbox", "run", "--command", f"sleep 1000; : {mark}", "--sandbox", backend]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, text=True) as started:
        deadline = time.monotonic() + 30
        while not set(marked(mark)) - {started.pid}:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        started.send_signal(number)
        _, error = started.communicate(timeout=30)
    assert (started.returncode, error) == (130, "soloist: interrupted\n")
    assert asyncio.run(gone(mark))
    assert list(tmp_path.iterdir()) == []


def test_what_programs_print_can_not_command_the_terminal(tmp_path: Path) -> None:
    """On a terminal, control characters are shown; into a pipe, the output goes as it is."""
    (tmp_path / "escape.py").write_text("print('a\\x1b[2Jb')")
    command = [str(SOLOIST), "sandbox", "run", str(tmp_path / "escape.py")]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs) as running:
        os.close(theirs)
        shown = b""
        deadline = time.monotonic() + 60
        while b"\n" not in shown and time.monotonic() < deadline:
            shown += os.read(ours, 1000)
        running.wait(timeout=60)
    os.close(ours)
    assert shown == b"a\\x1b[2Jb\r\n"
    piped = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    assert piped.stdout == b"a\x1b[2Jb\n"


def test_reader_that_goes_away() -> None:
    """Much output into a pipe that is closed early is no error of ours."""
    line = f"{SOLOIST} sandbox run --command 'seq 100000' --output 2000 </dev/null | head -n 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_session_of_the_readme(tmp_path: Path) -> None:
    """What the README shows of the command is what it does, line by line."""
    (block,) = [
        block for block in re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE) if "sandbox run" in block
    ]
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert len(steps) >= 4
    for line, expected in steps:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout + done.stderr == expected, line
