"""The README is executed: its Python runs, its commands and links exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from soloist.config import load_settings

from tests.conftest import Command, MakeRepository

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def python(word: str) -> str:
    """The one block of Python with this word in it."""
    (block,) = [block for block in blocks("python") if word in block]
    return block


BUGGY = {
    "area.py": "def area(a, b):\n    return a + b\n",
    "test_area.py": "from area import area\n\n\ndef test_area():\n    assert area(3, 4) == 12\n",
    "conftest.py": "",
}


@pytest.mark.usefixtures("any_sandbox")
def test_the_repair_of_the_readme(repository: MakeRepository) -> None:
    """Pasted into a file beside a buggy program, it repairs it."""
    root = repository(BUGGY)
    done = subprocess.run(
        [sys.executable, "-c", python("Orchestrator")], cwd=root, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.startswith("True tested")
    assert "+    return a * b" in done.stdout


@pytest.mark.usefixtures("any_sandbox")
def test_the_sandbox_of_the_readme(repository: MakeRepository) -> None:
    """Beside the same program, it finds the fault and proves the correction, and changes nothing."""
    root = repository(BUGGY)
    done = subprocess.run(
        [sys.executable, "-c", python("open_session")], cwd=root, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout == "call 1 of 1: area(3, 4) returned 7, but expected is 12\ntested\n"
    assert (root / "area.py").read_text() == BUGGY["area.py"]


def test_the_commands_of_the_readme_exist(soloist: Command) -> None:
    """Every command and option that the README shows is one that the command line knows."""
    shown = {line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ soloist ")}
    assert len(shown) >= 4
    for line in shown:
        words = re.sub(r'"[^"]*"', "", line).split()[1:]
        names = words[:2] if words[0] == "sandbox" else words[:1]
        said = soloist(*names, "--help")
        assert said.code == 0, line
        assert all(option in said.out for option in words if option.startswith("--")), line
    makes = [line.split()[2] for block in blocks("console") for line in block.splitlines() if line.startswith("$ make ")]
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert makes
    assert all(f"\n{target}:" in targets for target in makes)


def test_the_settings_of_the_readme_are_settings(tmp_path: Path) -> None:
    """Its TOML is taken as it stands, and its variables name models that can be reached."""
    (text,) = blocks("toml")
    file = tmp_path / "soloist.toml"
    file.write_text(text)
    assert load_settings(config=file, environ={}).settings.budget.money == 0.5
    exported = dict(re.findall(r"(SOLOIST_\w+)=(\S+)", README))
    assert {"SOLOIST_PLANNER", "SOLOIST_SPECIALIST"} <= exported.keys()
    assert load_settings(environ=exported).settings.specialist.configured


def test_every_option_of_run_is_in_the_readme(soloist: Command) -> None:
    """Nothing that `run` takes is left undocumented."""
    options = set(re.findall(r"--[a-z-]+", soloist("run", "--help").out)) - {"--help"}
    assert {option for option in options if option not in README} == set()


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """Relative links name files of the repository."""
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
