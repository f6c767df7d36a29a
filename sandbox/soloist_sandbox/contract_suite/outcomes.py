"""What a run tells: exact exit codes, and the workspace as it was sent."""

from pathlib import Path

import pytest

from soloist_sandbox.contract import CommandCheck, Limits, Sandbox, Session
from soloist_sandbox.contract_suite.project import CALC, contract


@contract
class TestOutcomes:
    """A command, its outcome, and the files that it finds."""

    async def test_probe(self, sandbox: Sandbox) -> None:
        """A sandbox that works says so by not raising."""
        await sandbox.probe()

    async def test_command_outcome(self, session: Session, sandbox: Sandbox) -> None:
        """A command's exit code, both streams and its time are kept apart."""
        outcome = await session.run(CommandCheck(command="echo out; echo err >&2; exit 7"))
        assert (outcome.exit_code, outcome.signal, outcome.limit, outcome.ended) == (7, None, None, "nonzero")
        assert (outcome.stdout, outcome.stderr, outcome.truncated) == ("out\n", "err\n", False)
        assert 0 < outcome.seconds < 5
        assert outcome.report is None
        assert outcome.backend == sandbox.name
        assert outcome.peak_memory_mb is None or outcome.peak_memory_mb > 0

    async def test_command_passes(self, session: Session) -> None:
        """A command that exits with 0 has exit code 0, and what it writes may be no text."""
        outcome = await session.run(CommandCheck(command="printf 'a\\377\\000b'"))
        assert (outcome.exit_code, outcome.ended, outcome.stdout) == (0, "ok", "a�\0b")

    async def test_nothing_on_standard_input(self, session: Session) -> None:
        """Who reads finds the end at once."""
        outcome = await session.run(CommandCheck(command="cat"), limits=Limits(seconds=5))
        assert (outcome.exit_code, outcome.stdout, outcome.limit) == (0, "", None)

    async def test_more_than_the_machine_has(self, session: Session) -> None:
        """Limits above what the machine has are no error."""
        outcome = await session.run(
            CommandCheck(command="true"), limits=Limits(cpus=512, memory_mb=1 << 20, disk_mb=1 << 20, processes=10**6)
        )
        assert outcome.exit_code == 0, outcome

    async def test_command_dies_by_signal(self, session: Session) -> None:
        """A signal is named, and there is no exit code then."""
        outcome = await session.run(CommandCheck(command="kill -SEGV $$"))
        assert (outcome.exit_code, outcome.signal, outcome.limit, outcome.ended) == (None, 11, None, "signal")

    async def test_runs_share_nothing(self, session: Session) -> None:
        """Two runs of a session have no file in common but the workspace as it was."""
        leave = "for d in . /tmp /dev/shm; do echo secret > $d/left; done; echo changed > calc.py; ls"
        assert (await session.run(CommandCheck(command=leave))).exit_code == 0
        outcome = await session.run(CommandCheck(command="cat left /tmp/left /dev/shm/left; cat calc.py"))
        assert outcome.stdout == CALC

    async def test_changes_are_laid(self, session: Session) -> None:
        """Changes replace and add files before the job; the rest stays."""
        changes = {"calc.py": b"new\r\n\xff", "deep/er/file.txt": b"added"}
        command = "cat calc.py deep/er/file.txt; wc -l < test_calc.py"
        outcome = await session.run(CommandCheck(command=command), changes=changes)
        assert outcome.stdout == "new\r\n�added9\n"

    @pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a\0b", "a\\b", "link/x", "folder"])
    async def test_changes_stay_inside(self, sandbox: Sandbox, tmp_path: Path, path: str) -> None:
        """A change that leaves the workspace is the caller's mistake."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("/tmp")  # noqa: S108
        session = await sandbox.open(tmp_path)
        try:
            with pytest.raises(ValueError, match=r".+"):
                await session.run(CommandCheck(command="true"), changes={path: b""})
        finally:
            await session.close()

    async def test_tree_arrives_as_it_is(self, sandbox: Sandbox, tmp_path: Path) -> None:
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
