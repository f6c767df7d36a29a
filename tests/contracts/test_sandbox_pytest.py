"""The public suite's pytest checks on our backends, and the surroundings that our image gives to pytest."""

import pytest
from soloist_sandbox.contract import PytestCheck, Session
from soloist_sandbox.contract_suite import TestPytest

__all__ = ["TestPytest"]


@pytest.mark.parametrize("as_module", [False, True])
async def test_pytest_sees_what_it_always_sees(session: Session, as_module: bool) -> None:
    """sys.path, arguments, working folder and options are as under plain pytest; `src` can be imported."""
    probe = """import os, sys, inside
def test_it(pytestconfig):
    assert os.getcwd() == "/workspace"
    first = "/workspace" if %r else "/usr/local/bin"
    assert [p for p in sys.path if p != "/workspace/tests"][0] == first, sys.path
    assert sys.argv[1:] == ["--lf", "-p", "no:randomly", "tests/test_it.py"]
    assert "soloist" not in repr(sorted(os.environ.items()))
    assert pytestconfig.cache is not None
    assert os.read(0, 1) == b""
    assert [fd for fd in map(int, os.listdir("/proc/self/fd")) if 30 < fd < 1000] == []
"""
    changes = {
        "tests/test_it.py": (probe % as_module).encode(),
        "src/inside.py": b"",
        "pytest.ini": b"[pytest]\naddopts = --strict-config -W error\n",
    }
    check = PytestCheck(args=("--lf", "-p", "no:randomly", "tests/test_it.py"), as_module=as_module)
    outcome = await session.run(check, changes=changes)
    assert outcome.exit_code == 0, outcome.stdout
