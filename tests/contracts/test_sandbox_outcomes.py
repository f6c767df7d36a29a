"""What a run tells: exact exit codes, and the workspace as it was sent."""

from pathlib import Path

import pytest
from soloist_sandbox.contract import CommandCheck, Limits, Session

from .conftest import CALC, AnySandbox


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


async def test_more_than_the_machine_has(session: Session) -> None:
    """Limits above what the machine has are no error."""
    outcome = await session.run(
        CommandCheck(command="true"), limits=Limits(cpus=512, memory_mb=1 << 20, disk_mb=1 << 20, processes=10**6)
    )
    assert outcome.exit_code == 0, outcome


async def test_command_dies_by_signal(session: Session) -> None:
    """A signal is named, and there is no exit code then."""
    outcome = await session.run(CommandCheck(command="kill -SEGV $$"))
    assert (outcome.exit_code, outcome.signal, outcome.limit) == (None, 11, None)


async def test_runs_share_nothing(session: Session) -> None:
    """Two runs of a session have no file in common but the workspace as it was."""
    leave = "for d in /workspace /tmp /dev/shm; do echo secret > $d/left; done; echo changed > calc.py; ls"
    assert (await session.run(CommandCheck(command=leave))).exit_code == 0
    outcome = await session.run(CommandCheck(command="cat /workspace/left /tmp/left /dev/shm/left; cat calc.py"))
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
