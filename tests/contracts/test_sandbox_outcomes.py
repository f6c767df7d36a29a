"""The public suite on our backends: outcomes, functions and programs, and the files that come back."""

from pathlib import Path

from soloist_sandbox.contract import CommandCheck
from soloist_sandbox.contract_suite import TestChecks, TestFiles, TestOutcomes

from .conftest import LIMITS, AnySandbox

__all__ = ["TestChecks", "TestFiles", "TestOutcomes"]


async def test_trees_of_all_sizes(sandbox: AnySandbox, tmp_path: Path) -> None:
    """Wherever a tree's archive ends within its last record, the next order is found behind it."""
    for blocks in range(20):
        (tmp_path / "file").write_bytes(b"x" * (blocks * 512 + 1))
        opened = await sandbox.open(tmp_path, limits=LIMITS)
        try:
            outcome = await opened.run(CommandCheck(command="wc -c < file"))
        finally:
            await opened.close()
        assert outcome.stdout == f"{blocks * 512 + 1}\n"
