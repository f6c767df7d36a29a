"""Where jobs can't have namespaces of their own, each gets a container: slower, as clean, and said so."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_sandbox import images
from soloist_sandbox.bubblewrap import BubblewrapSandbox
from soloist_sandbox.choose import BACKENDS, engine_problem
from soloist_sandbox.contract import Call, CommandCheck, FunctionCheck, Limits, PytestCheck, SandboxUnavailable, Session
from soloist_sandbox.docker_engine import DockerSandbox
from soloist_sandbox.image_spec import Engine

LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)
LEAVES = "import os, pathlib\npathlib.Path('/tmp/left').touch()\npathlib.Path('left').touch()\ndef f(): return os.getpid()\n"
LOOKS = "import os\ndef f(): return os.path.exists('/tmp/left') or os.path.exists('left')\n"
CALL = FunctionCheck(path="a.py", function="f", calls=(Call(arguments=""),))

Weaker = DockerSandbox | BubblewrapSandbox


@pytest.fixture(params=BACKENDS)
async def weaker(request: pytest.FixtureRequest) -> Weaker:
    """A backend that may not nest."""
    name: Engine = request.param
    if (problem := await engine_problem(name)) is not None:
        pytest.skip(f"{name}: {problem}")
    await images.ensure("base", name, print)
    return DockerSandbox(workers=2, strength="single") if name == "docker" else BubblewrapSandbox(workers=2, strength="single")


@pytest.fixture
async def session(weaker: Weaker, tmp_path: Path) -> AsyncIterator[Session]:
    (tmp_path / "test_a.py").write_text("import a\ndef test_it(): assert a.f() is False\n")
    opened = await weaker.open(tmp_path, limits=LIMITS)
    yield opened
    await opened.close()


async def test_the_probe_says_why(weaker: Weaker) -> None:
    """In the kernel's words."""
    assert "unshare" in await weaker.probe()


async def test_every_job_starts_clean(session: Session) -> None:
    """What one variant leaves, the next does not find."""
    variants = [{"a.py": (LEAVES if number % 2 == 0 else LOOKS).encode()} for number in range(4)]
    results = sorted([result async for result in session.screen(CALL, variants)], key=lambda result: result.index)
    assert [result.exit_code for result in results] == [0] * 4
    assert [result.returned[0].value for result in results[1::2]] == ["False"] * 2


async def test_all_kinds_of_jobs_run(session: Session) -> None:
    """Commands and pytest, with all that is ended at the end of the job."""
    command = await session.run(CommandCheck(command="(sleep 1000 &); echo out; exit 7"))
    assert (command.exit_code, command.stdout) == (7, "out\n")
    tests = await session.run(PytestCheck(), changes={"a.py": LOOKS.encode()})
    assert tests.report is not None
    assert tests.report.ids("passed") == ("test_a.py::test_it",)
    assert tests.report.canary_caught


async def test_changed_files_need_namespaces(session: Session) -> None:
    """What can't be done on this level is refused with its reason."""
    with pytest.raises(SandboxUnavailable, match="changed files can't be brought back"):
        await session.run(CommandCheck(command="touch new"), collect=True)
