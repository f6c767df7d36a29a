"""What `soloist sandbox run` was asked for, as a workspace and a check."""

import os
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from soloist_sandbox.contract import Check, CommandCheck, Limits, PytestCheck
from soloist_sandbox.tree import SKIPPED

from soloist.cli.calls import function_check
from soloist.cli.settings import Typed
from soloist.cli.standard_input import everything, given

FROM_STDIN: Final = "solution.py"
"""The name of a program that comes from standard input."""
_STDIN: Final = ".soloist-stdin"


@dataclass(frozen=True)
class Asked:
    """The options of `soloist sandbox run`."""

    words: tuple[str, ...] = ()
    """The program and its arguments; with `repo`, the command."""
    command: str | None = None
    repo: Path | None = None
    stdin: Path | None = None
    tests: Path | None = None
    calls: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    tolerance: float = 0.0
    limits: Limits = field(default_factory=Limits)
    typed: Typed = field(default_factory=Typed)
    collect: Path | None = None
    force: bool = False
    json: bool = False


@dataclass(frozen=True)
class Job:
    """What is to be run, and over what."""

    tree: Path
    check: Check
    limits: Limits
    changes: Mapping[str, bytes] = field(default_factory=dict)
    blank: str | None = None
    """The program's file, when the check is to be seen to fail on an empty one."""


@contextmanager
def prepared(asked: Asked) -> Iterator[Job]:
    """The job; its workspace, unless it is the user's repository, lasts as long as the context.

    Raises `ValueError` for options that contradict each other and for files that are not there.
    """
    _sensible(asked)
    if asked.repo is not None:
        yield _command(asked, asked.repo)
        return
    with TemporaryDirectory(prefix="soloist-") as name:
        folder = Path(name)
        yield _command(asked, folder) if asked.command is not None else _program(asked, folder)


def _sensible(asked: Asked) -> None:
    checks = asked.tests is not None or bool(asked.calls)
    if asked.tests is not None and asked.calls:
        raise ValueError("--tests and --call are two ways to check a program: choose one")
    if asked.expected and not asked.calls:
        raise ValueError('--expect says what a call should return: give the call, --call "f(2, [3])"')
    if asked.command is not None and asked.words:
        raise ValueError("give a program or --command, not both")
    if checks and (asked.repo is not None or asked.command is not None):
        raise ValueError("--tests and --call check one FILE; over a repository, run its tests: --repo . -- pytest -q")
    if checks and len(asked.words) > 1:
        raise ValueError("a program that is checked takes no arguments")
    if asked.repo is None and asked.command is None and not asked.words:
        raise ValueError("say what to run: FILE, - for a program on standard input, or --repo PATH -- COMMAND")
    if asked.repo is not None and asked.command is None and not asked.words:
        raise ValueError("say what to run over the repository: --repo PATH -- COMMAND")
    if asked.repo is not None and not asked.repo.is_dir():
        raise ValueError(f"there is no folder {asked.repo}")
    if asked.force and asked.collect is None:
        raise ValueError("--force goes with --collect")


def _command(asked: Asked, tree: Path) -> Job:
    command = asked.command if asked.command is not None else shlex.join(asked.words)
    return _fed(asked, tree, command, given(asked.stdin, asked.limits.seconds))


def _program(asked: Asked, folder: Path) -> Job:
    name = _placed(asked.words[0], folder)
    if asked.calls:
        check = function_check(name, asked.calls, asked.expected, asked.tolerance)
        return Job(folder, check, asked.limits)
    if asked.tests is not None:
        path = _tests_placed(asked.tests, folder)
        return Job(folder, PytestCheck(args=("-q", path), as_module=True), asked.limits, blank=name)
    stdin = given(asked.stdin, asked.limits.seconds) if asked.words[0] != "-" or asked.stdin else b""
    command = shlex.join(["exec", "python3", f"./{name}" if name.startswith("-") else name, *asked.words[1:]])
    return _fed(asked, folder, command, stdin)


def _fed(asked: Asked, tree: Path, command: str, stdin: bytes) -> Job:
    """The command with its standard input: a file that is opened and removed before anything else is run."""
    _text(command)
    if not stdin:
        return Job(tree, CommandCheck(command=command), asked.limits)
    limits = asked.limits.model_copy(update={"disk_mb": asked.limits.disk_mb + (len(stdin) >> 20) + 1})
    return Job(tree, CommandCheck(command=f"exec <{_STDIN} && rm -f {_STDIN} || exit\n{command}"), limits, {_STDIN: stdin})


def _text(command: str) -> None:
    """The command must be text: what the shell gave us as undecodable bytes can't be sent."""
    try:
        command.encode()
    except UnicodeEncodeError:
        raise ValueError("the command is no UTF-8 text") from None
    if not command.strip() or "\0" in command:
        raise ValueError("the command is empty, or has a NUL character in it")


def _placed(word: str, folder: Path) -> str:
    """The program, alone in its workspace; its name there."""
    if word == "-":
        (folder / FROM_STDIN).write_bytes(everything(None))
        return FROM_STDIN
    file = Path(word)
    if file.is_dir():
        raise ValueError(f"{file} is a folder: to run a command over it, --repo {file} -- COMMAND")
    if not file.exists():
        raise ValueError(f"there is no file {file}")
    (folder / file.name).write_bytes(file.read_bytes())
    return file.name


def _tests_placed(tests: Path, folder: Path) -> str:
    """The tests beside the program; their path there."""
    if not tests.exists():
        raise ValueError(f"there is no file or folder {tests} with tests")
    name = tests.resolve().name
    if (folder / name).exists():
        raise ValueError(f"the program and the tests are both called {name}: give one of them another name")
    if tests.is_dir():
        shutil.copytree(tests, folder / name, symlinks=True, ignore=_left_out)
    else:
        (folder / name).write_bytes(tests.read_bytes())
    return f"./{name}" if name.startswith("-") else name


def _left_out(folder: str, names: Sequence[str]) -> list[str]:
    return [name for name in names if name in SKIPPED or not _kept(Path(folder, name).lstat())]


def _kept(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)
