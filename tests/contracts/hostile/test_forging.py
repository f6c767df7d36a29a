"""Row 25: nothing but the right values counts as right. The forgeries of pytest runs are in `test_sandbox_forging`."""

import pytest
from soloist_sandbox.contract import Call, Case, FunctionCheck, Outcome, ProgramCheck, PytestCheck
from soloist_sandbox.integrity import judge

from .yard import LIMITS, Yard, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIES: dict[str, tuple[str]] = {
    "25 exits with 0": ("import os\ndef f(x): os._exit(0)",),
    "25 exits with 0 at import": ("import os\nos._exit(0)",),
    "25 exits with 0 at the end": ("import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",),
    "25 sys.exit": ("import sys\ndef f(x): sys.exit(0)",),
    "25 equal to everything": (
        "class A:\n __eq__ = lambda s, o: True\n __ne__ = lambda s, o: False\n __hash__ = None\ndef f(x): return A()",
    ),
    "25 an int that lies": ("class A(int):\n __eq__ = lambda s, o: True\n __repr__ = lambda s: '25'\ndef f(x): return A(3)",),
    "25 a string that lies": ("class A(str):\n __eq__ = lambda s, o: True\ndef f(x): return A('25')",),
    "25 a list that lies": ("class A(list):\n __eq__ = lambda s, o: True\n __len__ = lambda s: 1\ndef f(x): return A([25])",),
    "25 True for 1": ("def f(x): return True if x == 1 else x * x",),
    "25 a float": ("def f(x): return float(x * x)",),
    "25 prints the result": ("def f(x): print('{\"value\": 25}')",),
    "25 writes the results itself": (
        "import os\ndef f(x):\n for n in range(1, 1100):\n"
        '  try: os.write(n, b\'{"value":1}\\n{"value":25}\\n\')\n  except OSError: pass',
    ),
    "25 writes the results and leaves": ('import os\nos.write(1000, b\'{"value":2}\\n{"value":3}\\n\')\nos._exit(0)',),
    "25 looks for what is expected": (
        "import gc, sys\ndef f(x):\n for o in gc.get_objects():\n"
        "  if isinstance(o, dict) and 'returns' in o: return int(o['returns'])\n"
        " frame = sys._getframe()\n while frame:\n  for name, value in frame.f_locals.items():\n"
        "   if 'expect' in name or 'returns' in str(value)[:9999]: return value\n"
        "  frame = frame.f_back",
    ),
    "25 changes the encoder": (
        "import sys\nfor m in list(sys.modules.values()):\n"
        " if hasattr(m, 'encode') and hasattr(m, 'decode'): m.encode = lambda v: '25'\n"
        "def f(x): return 0",
    ),
    "25 forks": ("import os\ndef f(x):\n return x * x if os.fork() else 0\nos.fork() or os._exit(0)\ndef f(x): return 1",),
}


@pytest.mark.parametrize(("source",), **numbered(LIES))
async def test_25_values(yard: Yard, source: str) -> None:
    """A function that does not return the right values of the right types is never judged as right."""
    check = FunctionCheck(
        path="job.py", function="f", calls=(Call(arguments="1", returns="1"), Call(arguments="5", returns="25"))
    )
    result = await yard.trial(check, {"job.py": source.encode()})
    assert not judge(check, None, _outcome(result)).passed, result


async def test_25_the_right_values(yard: Yard) -> None:
    """The honest function is."""
    check = FunctionCheck(
        path="job.py", function="f", calls=(Call(arguments="1", returns="1"), Call(arguments="5", returns="25"))
    )
    result = await yard.trial(check, {"job.py": b"def f(x): return x * x"})
    assert judge(check, None, _outcome(result)).passed, result


PROGRAMS: dict[str, tuple[str]] = {
    "25 prints nothing": ("import os\nos._exit(0)",),
    "25 looks for what is expected": ("import os\nprint([os.listdir(p) for p in ('/tmp', '/dev/shm', '/workspace')], input())",),
    "25 writes to the parent": (
        'import os\nfor n in range(3, 1100):\n try: os.write(n, b\'{"exit": 0, "stdout": "Mg=="}\')\n except OSError: pass',
    ),
    "25 right and wrong": ("print(2)\nprint(3)",),
    "25 right, then fails": ("print(2)\nraise SystemExit(1)",),
    "25 right, then dies": ("import os\nprint(2, flush=True)\nos.kill(os.getpid(), 9)",),
}


@pytest.mark.parametrize(("source",), **numbered(PROGRAMS))
async def test_25_programs(yard: Yard, source: str) -> None:
    """A program passes by what it prints and by ending with 0, both."""
    check = ProgramCheck(path="job.py", cases=(Case(stdin="1\n", stdout="2"),))
    result = await yard.trial(check, {"job.py": source.encode()})
    assert not judge(check, None, _outcome(result)).passed, result


TESTS: dict[str, tuple[str]] = {
    "25 writes its report with -s": (
        "import os\nos.write(1, b'2 passed')\nfor n in range(3, 1100):\n"
        ' try: os.write(n, b\'{"t":"end","exit":0}\\n\')\n except OSError: pass\nos._exit(0)',
    ),
    "25 JUnit file": (
        "import atexit, os\nopen('report.xml', 'w').write('<testsuite failures=\"0\" tests=\"1\"/>')\nos._exit(0)",
    ),
    "25 rewritten assertions": (
        "import _pytest.assertion.rewrite as r, builtins\nr.rewrite_asserts = lambda *a: None\n"
        "import sys\nsys.modules['test_it'] = type(sys)('test_it')\nF = 0\ndef f(): return 1",
    ),
    "25 no tests any more": ("import _pytest.python as p\np.Function.runtest = lambda self: None\ndef f(): return 1",),
    "25 all exceptions pass": (
        "import _pytest.runner as r\n"
        "r.CallInfo.from_call = classmethod(lambda c, *a, **k: c(None, None, 0, 0, 0, 'call', _ispytest=True))\n"
        "def f(): return 1",
    ),
    "25 frames edited": ("import sys\ndef f():\n frame = sys._getframe(1)\n frame.f_globals['EXPECTED'] = 1\n return 1",),
}


@pytest.mark.parametrize(("source",), **numbered(TESTS))
async def test_25_tests(yard: Yard, source: str) -> None:
    """A module under test that leaves, forges a report or changes pytest is not judged as passed."""
    test = b"import subject\ndef test_it(): assert subject.f() == 2\n"
    check = PytestCheck(args=("-s", "test_it.py"))
    outcome = await yard.session.run(check, changes={"subject.py": source.encode(), "test_it.py": test}, limits=LIMITS)
    assert not judge(check, None, outcome).passed, outcome


def _outcome(result: object) -> Outcome:
    """As if it had been evidence: the judgement is the same."""
    kept = ("exit_code", "limit", "seconds", "report", "returned", "ran")
    return Outcome(**{name: getattr(result, name) for name in kept})
