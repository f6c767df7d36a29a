"""The planner's tools: bounded, honest about what they leave out, and unable to leave the repository."""

from pathlib import Path
from typing import Any

import pytest
from soloist_sandbox.contract import PytestCheck
from soloist_tools.looking import looking_tools


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    body = "".join(f"def f{n}():\n    return {n}  # Needle\n\n\n" for n in range(150))
    (tmp_path / "pkg" / "long.py").write_text(f"class A:\n    def m(self):\n        return 'needle'\n\n\n{body}")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_long.py").write_text("def test_needle():\n    pass\n")
    (tmp_path / "NEWS.md").write_text("needle\n" + "x" * 1000 + "\n")
    (tmp_path / "secret").symlink_to("/etc/passwd")
    return tmp_path


async def told(root: Path, name: str, **arguments: Any) -> str:
    session: Any = None  # these tools run nothing
    tool = next(tool for tool in looking_tools(root, session, PytestCheck()) if tool.name == name)
    return str(await tool.ainvoke(arguments))


async def test_reading_says_what_it_leaves_out(root: Path) -> None:
    """A range that is too long is cut, and tells where to go on."""
    text = await told(root, "read", path="pkg/long.py", first=10, last=500)
    assert text.startswith("pkg/long.py, lines 10-209 of 605 (at most 200 at once: go on from 210)\n   10  ")


async def test_one_definition_can_be_read(root: Path) -> None:
    """By its name; a wrong one gets the names that there are."""
    assert await told(root, "read", path="pkg/long.py", symbol="A.m") == (
        "pkg/long.py, lines 2-3 of 605\n    2      def m(self):\n    3          return 'needle'"
    )
    with pytest.raises(ValueError, match=r"there is no A\.n in this file; there are A\.m"):
        await told(root, "read", path="pkg/long.py", symbol="A.n")


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "pkg/../../x", "secret", "gone.py"])
async def test_nothing_outside_is_read(path: str, root: Path) -> None:
    """Neither by a path nor by a link."""
    with pytest.raises(ValueError, match=r"leads out of|no file"):
        await told(root, "read", path=path)


async def test_a_search_shows_sources_first_and_counts_the_rest(root: Path) -> None:
    """In any case; what is not shown is counted by file."""
    text = await told(root, "search", text="NEEDLE")
    assert text.startswith("pkg/long.py:3:         return 'needle'\npkg/long.py:7: ")
    assert "… 93 more lines in pkg/long.py (91), tests/test_long.py (1), NEWS.md (1)" in text


async def test_windows_of_a_search_are_merged(root: Path) -> None:
    """Neighbouring hits are one window with numbered lines."""
    text = await told(root, "search", text="needle", folder="pkg", context=3)
    assert text.count("pkg/long.py, lines") < 4
    assert "    3          return 'needle'" in text


async def test_long_lines_are_cut(root: Path) -> None:
    """And say how long they are."""
    assert "… (1000 characters)" in await told(root, "read", path="NEWS.md")


async def test_files_are_listed_with_their_lengths(root: Path) -> None:
    """Links are no files."""
    assert (await told(root, "files")).splitlines() == ["NEWS.md (2)", "pkg/long.py (605)", "tests/test_long.py (2)"]
