"""What authors' samples were worth, over all runs that share a state folder."""

from pathlib import Path

import pytest
from soloist.history import ENOUGH, History

from tests.conftest import Command


def noted(state: Path, author: str, passed: int, failed: int) -> None:
    history = History(state)
    for number in range(passed + failed):
        history.note(author, passed=number < passed)
    history.keep()


def test_shares_are_summed_over_runs(tmp_path: Path) -> None:
    """Drawn to one half by two samples; authors with few samples are left out."""
    noted(tmp_path, "small", 3, 5)
    noted(tmp_path, "small", 6, 0)
    noted(tmp_path, "rare", ENOUGH - 1, 0)
    assert History(tmp_path).shares() == {"small": 10 / 16}


@pytest.mark.parametrize("rubbish", [b"", b"\xff\xfe\n", b"[1, 2]\n{}\nnull\n", b'["a", 9, 3]\n["a", "x", "y"]\n'])
def test_a_spoilt_record_says_nothing(rubbish: bytes, tmp_path: Path) -> None:
    """And the next run goes on with it."""
    (tmp_path / "authors.jsonl").write_bytes(rubbish)
    assert History(tmp_path).shares() == {}
    noted(tmp_path, "small", 8, 0)
    assert History(tmp_path).shares() == {"small": 0.9}


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    """The record is no part of any result."""
    (tmp_path / "file").write_text("")
    noted(tmp_path / "file", "small", 1, 0)
    assert History(tmp_path / "file").shares() == {}


@pytest.mark.usefixtures("any_sandbox")
def test_a_checked_run_is_remembered(soloist: Command, tmp_path: Path) -> None:
    """One sample fails its cases and one passes; the record has both under the specialist's name."""
    from soloist.testing import ModelServer, Reply

    (tmp_path / "problem.md").write_text("Print 4.\n")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.in").write_text("")
    (tmp_path / "cases" / "a.out").write_text("4\n")
    choices = tuple(f"```python\nprint({number})\n```" for number in (5, 4))
    with ModelServer.running(lambda ask: Reply(choices=choices)) as server:
        how = ("--cases", tmp_path / "cases", "--specialist", f"{server.url}#VibeThinker-3B")
        assert soloist("solve", tmp_path / "problem.md", *how).code == 0
    (record,) = tmp_path.glob("**/authors.jsonl")
    assert record.read_text() == '["vibethinker", 1, 2]\n'
