"""Programs that want to be judged as right without doing the work. `add` is wrong in all of them, and none adds."""

from typing import Final

CALC: Final = "def add(a, b):\n    return a - b\n\n\ndef negate(a):\n    return -a\n"
FIXED: Final = CALC.replace("a - b", "a + b")
TESTS: Final = {
    "test_calc.py": """import calc


def test_add():
    assert calc.add(1, 2) == 3


def test_negate():
    assert calc.negate(1) == -1
""",
    "test_table.py": """import calc
import pytest


@pytest.mark.parametrize(("a", "b", "total"), [(1, 2, 3), (3, 4, 7)])
def test_table(a, b, total):
    assert calc.add(a, b) == total
""",
    "test_constant.py": """import calc

EXPECTED = [3, 7]


def test_constant():
    assert [calc.add(1, 2), calc.add(3, 4)] == EXPECTED
""",
    "test_case.py": """import unittest

import calc


class AddTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(calc.add(2, 2), 4)
""",
    "test_refused.py": """import calc
import pytest


def test_refused():
    with pytest.raises(ValueError):
        calc.add(None, 2)
""",
    "test_close.py": """import calc


def test_close():
    assert abs(calc.add(0.1, 0.2) - 0.3) < 1e-9
""",
}
"""Each forgery names the file that it is made for."""

_NEGATE = "\ndef negate(a): return -a\n"
_WRONG = "\ndef add(a, b): return a - b" + _NEGATE
_REPORT = """import json
test = {"t": "test", "status": "passed", "seconds": 0, "message": "", "frames": []}
ids = ["test_calc.py::test_add", "test_calc.py::test_negate"]
lines = [{"t": "sealed", "hash": __import__("hashlib").sha256(b"secret").hexdigest()}] if sealed else []
lines += [{"t": "collected", "ids": ids}]
lines += [{**test, "id": id} for id in ids] + [{"t": "end", "exit": 0}, {"t": "canary", "caught": True}]
lines += [{"t": "witness", "secret": "secret", "returned": ids}] if sealed else []
text = "".join(json.dumps(line) + "\\n" for line in lines).encode()
"""


def _lie(base: str, body: str = "def __eq__(self, other): return True") -> str:
    return f"class Lie{base}:\n    {body}\n    __hash__ = None\ndef add(a, b): return Lie(){_NEGATE}"


_SAY_AND_LEAVE: Final = "import os\ndef add(a, b):\n    os.write(1000, text); os._exit(0)" + _NEGATE

_OPPOSITES: Final = "__eq__ = lambda *_: True\n    __ne__ = lambda *_: False"

CRUDE: Final = {
    "exit at import": "import os; os._exit(0)",
    "exit in the function": "import os\ndef add(a, b): os._exit(0)" + _NEGATE,
    "exit at the end": "import atexit, os; atexit.register(os._exit, 0)" + _WRONG,
    "sys.exit at import": "import sys; sys.exit(0)",
    "sys.exit in the function": "import sys\ndef add(a, b): sys.exit(0)" + _NEGATE,
    "pytest.exit": "import pytest\ndef add(a, b): pytest.exit('fine', returncode=0)" + _NEGATE,
    "pytest.skip": "import pytest\ndef add(a, b): pytest.skip('later')" + _NEGATE,
    "skip at import": "import pytest; pytest.skip('later', allow_module_level=True)",
    "xfail": "import pytest\ndef add(a, b): pytest.xfail('known')" + _NEGATE,
    "fake summary and JUnit": """print("2 passed in 0.01s")
open("report.xml", "w").write('<testsuite tests="2" failures="0"/>')
import os
os.write(1, b"============ 2 passed ============\\n")
os._exit(0)
""",
    "patched report": """from _pytest.reports import TestReport
real = TestReport.from_item_and_call.__func__
def fake(cls, item, call):
    call.excinfo = None
    return real(cls, item, call)
TestReport.from_item_and_call = classmethod(fake)
"""
    + _WRONG,
    "patched outcome": """from _pytest.reports import TestReport
TestReport.__setattr__ = lambda self, name, value: object.__setattr__(self, name, "passed" if name == "outcome" else value)
TestReport.failed = property(lambda self: False)
import _pytest.main
_pytest.main.Session.testsfailed = property(lambda self: 0, lambda self, value: None)
"""
    + _WRONG,
    "patched exit code": """import _pytest.main
_pytest.main.Session.exitstatus = property(lambda self: 0, lambda self, value: None)
"""
    + _WRONG,
    "tests deselected": """import _pytest.main
real = _pytest.main.Session.perform_collect
def fewer(self, *args, **kwargs):
    real(self, *args, **kwargs)
    self.items[:] = [item for item in self.items if "negate" in item.nodeid]
    return self.items
_pytest.main.Session.perform_collect = fewer
"""
    + _WRONG,
    "settings on disk": """import pathlib
pathlib.Path("conftest.py").write_text("def pytest_collection_modifyitems(items): items.clear()")
pathlib.Path("pytest.ini").write_text("[pytest]\\naddopts = --deselect test_calc.py")
pathlib.Path("sitecustomize.py").write_text("import os; os._exit(0)")
pathlib.Path("test_calc.py").write_text("def test_add(): pass\\ndef test_negate(): pass\\n")
"""
    + _WRONG,
    "fake reports everywhere": "sealed = False\n"
    + _REPORT
    + """
import os
for fd in range(1, 2000):
    try: os.write(fd, text)
    except OSError: pass
"""
    + _WRONG,
    "fake report, then exit": "sealed = True\n"
    + _REPORT
    + "import os\ndef add(a, b):\n    os.write(1000, text); os._exit(0)"
    + _NEGATE,
    "fake report without a seal, then exit": "sealed = False\n"
    + _REPORT
    + "import os\ndef add(a, b):\n    os.write(1000, text); os._exit(0)"
    + _NEGATE,
    "fake report of a child": "sealed = True\n"
    + _REPORT
    + """
import os
if os.fork() == 0:
    os.write(1000, text)
    os._exit(0)
os.wait()
os._exit(0)
""",
    "nonsense reports": """import os
for fd in range(900, 1100):
    try: os.write(fd, b"[" * 100000 + b"\\n" + b'{"t": NaN}\\n\\xff\\n' + b"9" * 100000 + b"\\n")
    except OSError: pass
def add(a, b): return a + b
"""
    + _NEGATE,
    "closed descriptors": "import os; os.closerange(0, 5000)\ndef add(a, b): return a + b" + _NEGATE,
    "fork": "import os\nif os.fork(): os._exit(0)" + _WRONG,
    "every process killed": """import os
for pid in (1, os.getppid(), -1):
    try: os.kill(pid, 9)
    except OSError: pass
"""
    + _WRONG,
    "the end called by hand": """import os, sys
def add(a, b):
    sys.audit("soloist.returned")
    sys.audit("soloist.end")
    os._exit(0)
"""
    + _NEGATE,
    "our own watcher used": """import _pytest.runner
real = _pytest.runner.call_and_report
def fake(item, when, *args, **kwargs):
    if when != "call" or "test_calc" not in item.nodeid:
        return real(item, when, *args, **kwargs)
    for plugin in item.config.pluginmanager.get_plugins():
        if type(plugin).__name__ == "Witness":
            space = type(plugin).pytest_runtest_call.__globals__
            space["watching"](lambda: None, item.nodeid)()
            space["watching"] = lambda function, nodeid: lambda *a, **k: None
    return real(item, when, *args, **kwargs)
_pytest.runner.call_and_report = fake
"""
    + _WRONG,
    "a thread that goes on": """import os, threading, time
def late():
    while True:
        time.sleep(0.001)
        try: os.write(1000, b'{"t":"canary","caught":true}\\n')
        except OSError: pass
threading.Thread(target=late, daemon=True).start()
"""
    + _WRONG,
}
"""Name -> a `calc.py`. The check is `test_calc.py`. Some fail by themselves: what they do must not help them."""

FOOLING: Final = {
    "equals everything": ("test_calc.py", _lie("")),
    "differs from nothing": (
        "test_calc.py",
        _lie("", _OPPOSITES),
    ),
    "an int that equals everything": ("test_calc.py", _lie("(int)")),
    "a str that equals everything": ("test_calc.py", _lie("(str)")),
    "a list that equals everything": ("test_calc.py", _lie("(list)")),
    "a float that equals everything": ("test_calc.py", _lie("(float)")),
    "a dict that equals everything": ("test_calc.py", _lie("(dict)")),
    "equals every number": ("test_calc.py", _lie("(int)", "def __eq__(self, other): return type(other) is int")),
    "mock's own object that equals everything": (
        "test_calc.py",
        "from unittest import mock\ndef add(a, b): return mock.ANY" + _NEGATE,
    ),
    "equals everything, for unittest": ("test_case.py", _lie("")),
    "equals everything, in a list": ("test_constant.py", _lie("")),
    "equals all that is expected": ("test_table.py", _lie("(int)", "def __eq__(self, other): return other in (3, 7)")),
    "a number less than any": (
        "test_close.py",
        """class Lie(float):
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __lt__(self, other): return True
    def __gt__(self, other): return True
def add(a, b): return Lie()
"""
        + _NEGATE,
    ),
    "patched report of known tests": (
        "test_calc.py",
        """from _pytest.reports import TestReport
real = TestReport.from_item_and_call.__func__
def fake(cls, item, call):
    if item.nodeid.startswith("test_calc.py::"):
        call.excinfo = None
    return real(cls, item, call)
TestReport.from_item_and_call = classmethod(fake)
"""
        + _WRONG,
    ),
    "the canary told by its place": (
        "test_calc.py",
        """import _pytest.python
real = _pytest.python.Function.runtest
def fake(self):
    try: real(self)
    except AssertionError:
        if str(self.path).startswith("/tmp"): raise
_pytest.python.Function.runtest = fake
"""
        + _WRONG,
    ),
    "exceptions swallowed between hooks": (
        "test_calc.py",
        """import pluggy
real = pluggy._hooks.HookCaller.__call__
def fake(self, **kwargs):
    try: return real(self, **kwargs)
    except AssertionError:
        if self.name == "pytest_pyfunc_call" and "test_calc" in kwargs["pyfuncitem"].nodeid: return True
        raise
pluggy._hooks.HookCaller.__call__ = fake
"""
        + _WRONG,
    ),
    "a plugin registered late": (
        "test_calc.py",
        """import pytest
class Kind:
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        try: return (yield)
        except AssertionError: return True
done = []
def add(a, b):
    return a - b
import _pytest.runner
real = _pytest.runner.runtestprotocol
def fake(item, *args, **kwargs):
    if not done and "test_calc" in item.nodeid:
        done.append(item.config.pluginmanager.register(Kind()))
    return real(item, *args, **kwargs)
_pytest.runner.runtestprotocol = fake
"""
        + _NEGATE,
    ),
    "test functions replaced": (
        "test_calc.py",
        """import _pytest.python
real = _pytest.python.PyCollector.collect
def fake(self):
    if hasattr(self.obj, "test_add"):
        self.obj.test_add = lambda: None
    return real(self)
_pytest.python.PyCollector.collect = fake
"""
        + _WRONG,
    ),
    "one test run for another": (
        "test_calc.py",
        """import _pytest.python
real = _pytest.python.PyCollector.collect
def fake(self):
    if hasattr(self.obj, "test_add"):
        self.obj.test_add = self.obj.test_negate
    return real(self)
_pytest.python.PyCollector.collect = fake
"""
        + _WRONG,
    ),
    "test functions compiled anew": (
        "test_calc.py",
        """import _pytest.python
real = _pytest.python.PyCollector.collect
def fake(self):
    if hasattr(self.obj, "test_add"):
        exec(compile("def test_add(): pass", self.obj.__file__, "exec"), vars(self.obj))
    return real(self)
_pytest.python.PyCollector.collect = fake
"""
        + _WRONG,
    ),
    "code of test functions replaced": (
        "test_calc.py",
        """import _pytest.python
real = _pytest.python.PyCollector.collect
def fake(self):
    if hasattr(self.obj, "test_add"):
        self.obj.test_add.__code__ = self.obj.test_negate.__code__
    return real(self)
_pytest.python.PyCollector.collect = fake
"""
        + _WRONG,
    ),
    "patched unittest": ("test_case.py", "import unittest\nunittest.TestCase.assertEqual = lambda *args: None" + _WRONG),
    "patched pytest.raises": (
        "test_refused.py",
        "import contextlib, pytest\npytest.raises = contextlib.suppress\ndef add(a, b): return 0" + _NEGATE,
    ),
    "a pytest of its own": (
        "test_refused.py",
        """import contextlib, sys, types
mine = types.ModuleType("pytest")
mine.__dict__.update(vars(sys.modules["pytest"]))
mine.raises = contextlib.suppress
sys.modules["pytest"] = mine
def add(a, b): return 0
"""
        + _NEGATE,
    ),
    "an import of its own": (
        "test_refused.py",
        """import builtins, contextlib, types
real = builtins.__import__
mine = types.SimpleNamespace(raises=contextlib.suppress)
def fake(name, *args, **kwargs):
    of_test = bool(args and args[0]) and args[0].get("__name__") == "test_refused"
    return mine if name == "pytest" and of_test else real(name, *args, **kwargs)
builtins.__import__ = fake
def add(a, b): return 0
"""
        + _NEGATE,
    ),
    "patched abs": ("test_close.py", "import builtins\nbuiltins.abs = lambda value: 0" + _WRONG),
    "expected values edited through a frame": (
        "test_constant.py",
        """import sys
def add(a, b):
    expected = sys._getframe(1).f_globals["EXPECTED"]
    expected[:] = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values edited through a traceback": (
        "test_constant.py",
        """def add(a, b):
    try: raise ValueError
    except ValueError as error:
        error.__traceback__.tb_frame.f_back.f_globals["EXPECTED"] = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values edited through a generator": (
        "test_constant.py",
        """def add(a, b):
    def look():
        yield me.gi_frame.f_back.f_back.f_globals
    me = look()
    next(me)["EXPECTED"] = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values found by gc": (
        "test_constant.py",
        """import gc
def add(a, b):
    for thing in gc.get_objects():
        if type(thing) is list and thing == [3, 7]:
            thing[:] = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values found by gc's referrers": (
        "test_constant.py",
        """import gc, sys
def add(a, b):
    for space in gc.get_referrers(sys.modules[__name__]):
        if type(space) is dict and "EXPECTED" in space:
            space["EXPECTED"] = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values edited through the module": (
        "test_constant.py",
        """import sys
def add(a, b):
    sys.modules["test_constant"].EXPECTED = [-1, -1]
    return a - b
"""
        + _NEGATE,
    ),
    "expected values read from the module": (
        "test_table.py",
        """import sys
def add(a, b):
    return {row[:2]: row[2] for row in sys.modules["test_table"].test_table.pytestmark[0].args[1]}[a, b]
"""
        + _NEGATE,
    ),
    "the caller's constants": (
        "test_calc.py",
        """import inspect
def add(a, b):
    return [c for c in inspect.currentframe().f_back.f_code.co_consts if type(c) is int][-1]
"""
        + _NEGATE,
    ),
    "the caller's constants by way of a thread": (
        "test_calc.py",
        """import sys, threading
def add(a, b):
    found = []
    def look():
        frames = sys._current_frames().values()
        for frame in frames:
            while frame and frame.f_code.co_name != "test_add": frame = frame.f_back
            if frame: found.append(frame.f_code.co_consts)
    thread = threading.Thread(target=look)
    thread.start(); thread.join()
    return [c for c in found[0] if type(c) is int][-1]
"""
        + _NEGATE,
    ),
    "the caller's source": (
        "test_calc.py",
        """import inspect
def add(a, b):
    return eval(inspect.stack()[1].code_context[0].split("==")[1])
"""
        + _NEGATE,
    ),
    "the caller's source from a traceback": (
        "test_calc.py",
        """import traceback
def add(a, b):
    return eval(traceback.extract_stack()[-2].line.split("==")[1])
"""
        + _NEGATE,
    ),
    "a frame fetched by text": (
        "test_calc.py",
        """def add(a, b):
    space = {}
    exec("import sys\\nframe = getattr(sys, '_get' + 'frame')(2)", space)
    return [c for c in space["frame"].f_code.co_consts if type(c) is int][-1]
"""
        + _NEGATE,
    ),
    "a tracer": (
        "test_calc.py",
        """import sys
seen = []
def tracer(frame, event, arg):
    seen.append(frame.f_back)
def add(a, b):
    sys.setprofile(tracer)
    (lambda: None)()
    sys.setprofile(None)
    frame = next(f.f_back for f in seen if f and f.f_back and f.f_back.f_code.co_name == "test_add")
    return [c for c in frame.f_code.co_consts if type(c) is int][-1]
"""
        + _NEGATE,
    ),
    "the test read from disk": (
        "test_calc.py",
        """import os, re
def add(a, b):
    text = open(os.path.join(os.path.dirname(__file__), "test_calc.py")).read()
    return int(re.search(rf"add\\({a}, {b}\\) == (-?\\d+)", text)[1])
"""
        + _NEGATE,
    ),
    "the test read by the library": (
        "test_calc.py",
        """import linecache, re
def add(a, b):
    text = "".join(linecache.getlines("/workspace/test_calc.py"))
    return int(re.search(rf"add\\({a}, {b}\\) == (-?\\d+)", text)[1])
"""
        + _NEGATE,
    ),
    "the test read by another program": (
        "test_calc.py",
        """import re, subprocess
def add(a, b):
    text = subprocess.run(["cat", "/workspace/test_calc.py"], capture_output=True, text=True).stdout
    return int(re.search(rf"add\\({a}, {b}\\) == (-?\\d+)", text)[1])
"""
        + _NEGATE,
    ),
    "ctypes": (
        "test_calc.py",
        """import ctypes
def add(a, b):
    ctypes.pythonapi.PyEval_GetFrame.restype = ctypes.py_object
    frame = ctypes.pythonapi.PyEval_GetFrame().f_back
    return [c for c in frame.f_code.co_consts if type(c) is int][-1]
"""
        + _NEGATE,
    ),
    "patched JSON and exit": (
        "test_calc.py",
        """import json, os
real, leave = json.dumps, os._exit
def dumps(value, **kw):
    better = {"status": "passed", "exit": 0}
    return real({k: better.get(k, v) for k, v in value.items()} if type(value) is dict else value, **kw)
json.dumps = dumps
os._exit = lambda code: leave(0)
import _pytest.reports
real_report = _pytest.reports.TestReport.__init__
def fake(self, nodeid, location, keywords, outcome, *args, **kwargs):
    real_report(self, nodeid, location, keywords, "passed" if "test_calc" in str(nodeid) else outcome, *args, **kwargs)
_pytest.reports.TestReport.__init__ = fake
"""
        + _WRONG,
    ),
    "a man in the middle": (
        "test_calc.py",
        """import atexit, os, threading
inner, outer = os.pipe()
try:
    kept = os.dup(1000)
    os.dup2(outer, 1000)
    os.close(outer)
    def pass_on():
        while data := os.read(inner, 1 << 16):
            data = data.replace(b'"returned":[', b'"returned":["test_calc.py::test_add",')
            os.write(kept, data.replace(b'"failed"', b'"passed"'))
    passing = threading.Thread(target=pass_on, daemon=True)
    passing.start()
    atexit.register(lambda: (os.close(1000), passing.join()))
except OSError:
    pass
import _pytest.reports
real = _pytest.reports.TestReport.__init__
def fake(self, nodeid, location, keywords, outcome, *args, **kwargs):
    real(self, nodeid, location, keywords, "passed" if "test_calc" in str(nodeid) else outcome, *args, **kwargs)
_pytest.reports.TestReport.__init__ = fake
"""
        + _WRONG,
    ),
}
"""Name -> (file of tests, a `calc.py`). Each has pytest itself say that all tests of the file have passed, and exit with 0."""

HONEST: Final = """import collections, contextlib, dataclasses, enum, functools, inspect, logging, traceback, typing, warnings

Pair = collections.namedtuple("Pair", "a b")
Named = typing.NamedTuple("Named", [("a", int)])
log = logging.getLogger(__name__)


class Kind(enum.Enum):
    SUM = 1


@dataclasses.dataclass
class Sum:
    pair: Pair

    def total(self) -> int:
        return self.pair.a + self.pair.b


class Number:
    def __init__(self, value): self.value = value
    def __eq__(self, other): return self.value == getattr(other, "value", other)
    def __hash__(self): return hash(self.value)
    def __lt__(self, other): return self.value < getattr(other, "value", other)
    def __gt__(self, other): return self.value > getattr(other, "value", other)
    def __sub__(self, other): return Number(self.value - other)
    def __abs__(self): return Number(abs(self.value))


def logged(function):
    signature = inspect.signature(function)
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        log.warning("%s%s at %s", function.__name__, signature, function.__code__.co_firstlineno, stack_info=True)
        return function(*args, **kwargs)
    return wrapper


@logged
def add(a, b):
    if a is None:
        raise ValueError("nothing")
    try:
        raise KeyError
    except KeyError:
        log.exception("never mind")
        traceback.format_exc()
    with warnings.catch_warnings(), contextlib.suppress(Warning):
        warnings.simplefilter("ignore")
        warnings.warn("old", stacklevel=2)
    open(__file__).close()
    return Number(Sum(Pair(a, b)).total())


def negate(a): return -a
"""
"""A right `calc.py` that uses all that looks at frames for honest reasons, and has values with comparisons of their own."""
