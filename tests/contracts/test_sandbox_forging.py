"""No program is judged as passed for anything but doing the work."""

import asyncio

import pytest
from soloist_sandbox.contract import Limits, Outcome, Session
from soloist_sandbox.integrity import judge

from .conftest import CALC, CHECK, FIXED, LIMITS

FORGERIES = {
    "exit at import": "import os; os._exit(0)",
    "exit in the function": "import os\ndef add(a, b): os._exit(0)\ndef negate(a): return -a",
    "exit at the end": "import atexit, os; atexit.register(os._exit, 0)\ndef add(a, b): return 0\ndef negate(a): return -a",
    "sys.exit at import": "import sys; sys.exit(0)",
    "sys.exit in the function": "import sys\ndef add(a, b): sys.exit(0)\ndef negate(a): return -a",
    "pytest.exit": "import pytest\ndef add(a, b): pytest.exit('fine', returncode=0)\ndef negate(a): return -a",
    "pytest.skip": "import pytest\ndef add(a, b): pytest.skip('later')\ndef negate(a): return -a",
    "skip at import": "import pytest; pytest.skip('later', allow_module_level=True)",
    "xfail": "import pytest\ndef add(a, b): pytest.xfail('known')\ndef negate(a): return -a",
    "patched report": """from _pytest.reports import TestReport
real = TestReport.from_item_and_call.__func__
def fake(cls, item, call):
    call.excinfo = None
    return real(cls, item, call)
TestReport.from_item_and_call = classmethod(fake)
def add(a, b): return 0
def negate(a): return -a
""",
    "patched outcome": """from _pytest.reports import TestReport
TestReport.__setattr__ = lambda self, name, value: object.__setattr__(self, name, "passed" if name == "outcome" else value)
TestReport.failed = property(lambda self: False)
import _pytest.main
_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, value: None)
def add(a, b): return 0
def negate(a): return -a
""",
    "patched exit code": """import _pytest.main
_pytest.main.Session.exitstatus = property(lambda self: 0, lambda self, value: None)
def add(a, b): return 0
def negate(a): return -a
""",
    "fake reports everywhere": """import json, os
test = {"t": "test", "status": "passed", "seconds": 0, "message": "", "frames": []}
lines = [{**test, "id": f"test_calc.py::test_{n}"} for n in ("add", "negate")]
lines += [{"t": "end", "exit": 0}, {"t": "canary", "caught": True}]
text = "".join(json.dumps(line) + "\\n" for line in lines).encode()
for fd in range(1, 2000):
    try: os.write(fd, text)
    except OSError: pass
print("2 passed")
def add(a, b): return 0
def negate(a): return -a
""",
    "nonsense reports": """import os
for fd in range(900, 1100):
    try: os.write(fd, b"[" * 100000 + b"\\n" + b'{"t": NaN}\\n\\xff\\n' + b"9" * 100000 + b"\\n")
    except OSError: pass
def add(a, b): return a + b
def negate(a): return -a
""",
    "closed descriptors": "import os; os.closerange(0, 5000)\ndef add(a, b): return a + b\ndef negate(a): return -a",
    "fork": "import os\nif os.fork(): os._exit(0)\ndef add(a, b): return 0\ndef negate(a): return -a",
}


@pytest.fixture
async def baseline(session: Session) -> Outcome:
    """The run before any change: one test fails."""
    return await session.run(CHECK)


async def test_forgeries_never_pass(session: Session, baseline: Outcome) -> None:
    """No program is judged as passed for exiting with 0, skipping, patching pytest, or claiming that it passed."""
    turn = asyncio.Semaphore(4)

    async def forged(forgery: str) -> Outcome:
        async with turn:
            return await session.run(CHECK, changes={"calc.py": f"{forgery}\n".encode()}, limits=LIMITS)

    outcomes = await asyncio.gather(*map(forged, FORGERIES.values()))
    for name, outcome in zip(FORGERIES, outcomes, strict=True):
        judgement = judge(CHECK, baseline, outcome)
        assert not judgement.passed, (name, judgement, outcome)
        assert judgement.level == "unverified"


async def test_honest_work_passes(session: Session, baseline: Outcome) -> None:
    """What really works is judged as tested, in one sentence."""
    outcome = await session.run(CHECK, changes={"calc.py": FIXED})
    judgement = judge(CHECK, baseline, outcome)
    assert judgement.passed, judgement
    assert judgement.level == "tested"
    assert judgement.why == "2 tests passed, the same as before; 1 of them failed before the change"


async def test_hang_in_the_baseline(session: Session) -> None:
    """When a test never ends before the change, the ids of all tests are known nevertheless, and a fix can be judged."""
    hang = CALC.replace("return a - b", "\n    while True: pass").encode()
    outcome = await session.run(CHECK, changes={"calc.py": hang}, limits=Limits(seconds=2))
    assert outcome.limit == "seconds"
    assert outcome.report is not None
    assert not outcome.report.complete
    assert [test.status for test in outcome.report.tests] == ["failed", "error"]
    fixed = await session.run(CHECK, changes={"calc.py": FIXED})
    assert judge(CHECK, outcome, fixed).level == "tested"
