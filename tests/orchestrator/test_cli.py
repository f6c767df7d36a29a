"""The command line's manners."""

import subprocess
import sys

import pytest
from soloist import extension
from soloist.cli.printable import printable

from tests.conftest import Command

HEAVY = (
    "docker",
    "langchain_core",
    "langgraph",
    "libcst",
    "llama_index",
    "openai",
    "pydantic",
    "pytest",
    "rich.syntax",
    "structlog",
)


def test_help_loads_nothing_heavy() -> None:
    """`soloist --help` is instant because it imports no heavy module."""
    program = (
        "import sys, contextlib\n"
        "from soloist.cli.app import app\n"
        "with contextlib.suppress(SystemExit): app(['--help'])\n"
        f"print(sorted(m for m in {HEAVY!r} if m in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "run" in done.stdout


def test_version_and_help_of_every_command(soloist: Command) -> None:
    """Every command explains itself."""
    assert soloist("--version").out.strip()
    for command in (["run"], ["apply"], ["undo"], ["doctor"], ["sandbox"], ["sandbox", "status"], ["sandbox", "build"]):
        said = soloist(*command, "--help")
        assert said.code == 0
        assert "Usage" in said.out


def test_usage_errors_exit_with_2(soloist: Command) -> None:
    """A mistyped option or a contradiction is a usage error."""
    assert soloist("run").code == 2
    assert soloist("run", "fix", "--chekc", "pytest").code == 2
    assert soloist("run", "fix", "--yes", "--dry-run").code == 2
    assert soloist("run", "fix", "--max-seconds", "0").code == 2


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_no_run_to_apply_or_undo(soloist: Command, command: str) -> None:
    """Without a run that fits, one line says so."""
    said = soloist(command, "20200101-000000-abcd")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1


def test_no_sandbox_is_a_refusal(soloist: Command, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where neither Docker nor bubblewrap is there, the run is refused with what to install, and nothing runs on the host."""
    folder = tmp_path_factory.mktemp("repo")
    (folder / "test_a.py").write_text("def test_a():\n    open('ran', 'w')\n    assert False\n")
    env = {"PATH": str(folder), "DOCKER_HOST": f"unix://{folder}/no.sock"}
    said = soloist("run", "fix it", "--repo", folder, "--check", "pytest -q", "--json", env=env)
    assert said.code == 3
    assert "bubblewrap" in said.err
    assert "install" in said.err
    assert not (folder / "ran").exists()
    assert soloist("doctor", env=env).code == 3


def test_what_programs_print_can_not_command_the_terminal() -> None:
    """Escapes, overrides and lone surrogates are shown, not obeyed."""
    assert printable("a\x1b[2J\u202eb\ud800\tc\n") == "a\\x1b[2J\\x202eb\\xd800\tc\n"


def test_extensions_are_checked_before_use() -> None:
    """A planner that can't be loaded, or isn't one, is refused by name."""
    with pytest.raises(ValueError, match=r"package\.module:factory"):
        extension.load("nothing", extension.PLANNER)
    with pytest.raises(ValueError, match="no_such_module"):
        extension.load("no_such_module:make", extension.PLANNER)
    with pytest.raises(ValueError, match="lacks"):
        extension.load("builtins:dict", extension.PLANNER)
