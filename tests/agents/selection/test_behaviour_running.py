"""Behaviour matrices, filled by a real sandbox."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_agents.selection.behaviour import Behaviours, Seen
from soloist_agents.selection.behaviour_running import normal_form, observe
from soloist_sandbox.choose import choose
from soloist_sandbox.contract import Limits, Session

pytestmark = pytest.mark.usefixtures("any_sandbox")

BRIEF = Limits(seconds=1.0, memory_mb=256)


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    (tmp_path / "empty").mkdir()
    opened = await (await choose()).open(tmp_path / "empty")
    yield opened
    await opened.close()


async def seen(session: Session, *bodies: str, calls: tuple[str, ...] = ("1", "2", "3")) -> Behaviours:
    programs = [f"def f(x):\n    {body}\n" for body in bodies]
    return await observe(session, programs, calls, path="m.py", function="f", limits=BRIEF)


async def test_each_cell_says_what_came_of_its_call(session: Session) -> None:
    """Values by their keys, exceptions by their class, values that are no literals by what they are."""
    found = await seen(session, "return x * 2.0", "return 1 / (x - 2)", "return (i for i in range(x))")
    assert found.rows[0] == (Seen("value", "2"), Seen("value", "4"), Seen("value", "6"))
    assert found.rows[1] == (Seen("value", "-1"), Seen("raised", "ZeroDivisionError"), Seen("value", "1"))
    assert {cell.how for cell in found.rows[2]} == {"opaque"}
    assert found.jobs == 3


async def test_a_call_that_hangs_or_dies_costs_one_job_and_not_the_others(session: Session) -> None:
    """The calls after it are made all the same."""
    found = await seen(session, "while x == 2: pass\n    return x", "import os\n    return os._exit(0) if x == 2 else x")
    assert [cell.how for cell in found.rows[0]] == ["value", "hung", "value"]
    assert [cell.how for cell in found.rows[1]] == ["value", "died", "value"]
    assert found.jobs == 4


async def test_a_program_that_always_hangs_is_given_up(session: Session) -> None:
    """After the third call that did not end no more are made."""
    start = time.monotonic()
    found = await seen(session, "while True: pass", calls=tuple(map(str, range(50))))
    assert [cell.how for cell in found.rows[0]] == ["hung"] * 3 + ["skipped"] * 47
    assert time.monotonic() - start < 30


async def test_what_cannot_be_loaded_is_unusable(session: Session) -> None:
    """No Python (which is not even run), an error at import, no such function."""
    programs = ["def f(:", "1 / 0\ndef f(x): return x", "def g(x): return x"]
    found = await observe(session, programs, ("1", "2"), path="m.py", function="f", limits=BRIEF)
    assert {cell.how for row in found.rows for cell in row} == {"unusable"}
    assert found.jobs == 2


async def test_programs_that_differ_in_layout_alone_run_once(session: Session) -> None:
    """Comments, docstrings and spaces make no other program."""
    found = await seen(session, "return x+1", '"""Adds."""\n    return x + 1  # one', "return x + 2")
    assert found.rows[0] == found.rows[1] != found.rows[2]
    assert found.jobs == 2


async def test_without_calls_nothing_runs(session: Session) -> None:
    """There is a row for each program, and nothing in it."""
    found = await seen(session, "return x", calls=())
    assert (found.rows, found.jobs) == (((),), 0)


async def test_arguments_that_are_no_literals_are_refused(session: Session) -> None:
    """The error is the caller's, and plain: no group of errors."""
    with pytest.raises(ValueError, match="no literal"):
        await seen(session, "return x", calls=("open('/etc/passwd')",))


def test_the_normal_form_keeps_what_a_program_does() -> None:
    """A docstring goes, a string that is returned stays; a body of nothing else still is one."""
    assert normal_form('def f():\n    """Says a."""\n    return "a"') == "def f():\n    return 'a'"
    assert normal_form('def f():\n    """Nothing."""') == "def f():\n    pass"
    assert normal_form("def f(") is None
