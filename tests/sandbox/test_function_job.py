"""Calls of a function in a real process: exact values come out, and no program gets a pass without computing them."""

from pathlib import Path

import pytest
from soloist_sandbox.contract import Returned
from soloist_sandbox.grading import fault, returned
from soloist_sandbox.integrity import judge

from tests.sandbox.bare_job import calls, job, outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "workspace"
    found.mkdir()
    return found


MODULE = """
import math, sibling

class Box:
    @staticmethod
    def size(items): return len(items)
    @classmethod
    def name(cls): return (cls.__name__, __name__, cls.__module__)

class OddError(KeyError): pass
class ValueError(Exception): pass

def f(x, *, key=None):
    if x == "odd": raise OddError("not that one")
    if x == "false": raise ValueError("of my own")
    if x == "exit": raise SystemExit(0)
    if x == "generator": return (n for n in ())
    if isinstance(x, list):
        x.append(sibling.NUMBER)
        return x, key
    return x + x
"""


def test_calls_give_exact_values(root: Path) -> None:
    """Each call gets fresh arguments and gives a literal, the classes of an exception, or why its value is none."""
    (root / "sibling.py").write_text("NUMBER = 7\n")
    (root / "solution.py").write_text(MODULE)
    texts = ("[1], key={2}", "[1], key={2}", "nan", "-0.5", "True", "'odd'", "'false'", "'exit'", "'generator'", "1, 2")
    done = job(root, calls(*((text, None) for text in texts)))
    assert done.code == 0
    found = returned(done.data)
    assert [one.value for one in found[:5]] == ["([1, 7], {2})", "([1, 7], {2})", "nan", "-1.0", "2"]
    assert found[5] == Returned(
        raised=("OddError", "KeyError", "LookupError", "Exception", "BaseException"), message="'not that one'"
    )
    assert found[6].raised == ("ValueError (not the built-in)", "Exception", "BaseException")
    assert found[7].raised == ("SystemExit", "BaseException")
    assert (found[8].value, found[8].message) == (None, "a value of type generator is no literal")
    assert found[9].raised[0] == "TypeError"
    box = job(root, calls(("[1, 2]", None), function="Box.size"))
    assert returned(box.data)[0].value == "2"
    named = job(root, calls(("", None), function="Box.name"))
    assert returned(named.data)[0].value == "('Box', 'solution', 'solution')"


def test_a_module_of_a_package_is_loaded_under_its_name(root: Path) -> None:
    """Relative imports work, in a src folder too, and the package's other modules see the one that was loaded."""
    package = root / "src/box/inner"
    package.mkdir(parents=True)
    (root / "src/box/__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (root / "src/box/other.py").write_text("def seen():\n    from box.inner import a\n    return a.MARK\n")
    (package / "a.py").write_text("from ..other import seen\nMARK = [1]\ndef f():\n    return __name__, seen() is MARK\n")
    found = outcome(root, calls(("", "('box.inner.a', True)"), path="src/box/inner/a.py"))
    assert found.returned[0].value == "('box.inner.a', True)"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (None, "FileNotFoundError"),
        ("def f(:\n", "SyntaxError"),
        ("import not_there\n", "ModuleNotFoundError"),
        ("raise SystemExit(0)\n", "SystemExit"),
        ("def g(): pass\n", "there is no f in it"),
        ("f = 3\n", "not callable: it is of type int"),
    ],
)
def test_nothing_to_call(root: Path, source: str | None, why: str) -> None:
    """A file that can't be loaded, or lacks the function, is told as such and is no pass."""
    if source is not None:
        (root / "solution.py").write_text(source)
    check = calls(("1", "2"))
    found = outcome(root, check)
    assert found.exit_code == 3
    told = fault(check, found)
    assert told is not None
    assert told.startswith("solution.py can't be used: ")
    assert why in told


WRITE = """import os
def write(text):
    for d in range(3, 50):
        try: os.write(d, text.encode() + b"\\n")
        except OSError: pass
"""
FORGERIES = {
    "leaves at import": "import os; os._exit(0)",
    "leaves in the call": "import os\ndef f(x): os._exit(0)",
    "leaves politely": "import sys\ndef f(x): sys.exit(0)",
    "equals everything": "class A:\n    __eq__ = lambda s, o: True\n    __hash__ = object.__hash__\ndef f(x): return A()",
    "an int that equals everything": "class A(int):\n    __eq__ = lambda s, o: True\ndef f(x): return A(5)",
    "pretends to be an int": "class A:\n    __class__ = int\n    def __eq__(s, o): return True\ndef f(x): return A()",
    "true for one": "def f(x): return x == 1",
    "writes nonsense": f"{WRITE}write('{{}}')\ndef f(x): return 2 * x",
    "writes more": f"{WRITE}def f(x):\n    write('{{\"value\":2}}')\n    return 2 * x",
    "closes everything": "import os\nos.closerange(3, 99)\ndef f(x): return 2 * x",
    "patches json": "import json, json.encoder, builtins\njson.dumps = json.encoder.JSONEncoder.encode = lambda *a: '{}'\n"
    "builtins.len = lambda x: 0\ndef f(x): return 0",
    "patches the job": "import sys\nm = sys.modules['soloist_image.values']\nm.encode = lambda v: '1'\ndef f(x): return 0",
    "dies": "import os\ndef f(x): os.kill(os.getpid(), 9)",
    "goes deep": "def f(x): return f(x)",
    "never ends its list": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "looks for the answer": "import gc\ndef f(x):\n    for o in gc.get_objects():\n"
    "        if isinstance(o, dict) and 'returns' in o: return o['returns']\n    return 0",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_passes(root: Path, name: str) -> None:
    """A program that does anything but compute the values never passes, and the reason is one short text."""
    (root / "solution.py").write_text(FORGERIES[name])
    check = calls(("1", "2"), ("4", "8"))
    judgement = judge(check, None, outcome(root, check))
    assert (judgement.passed, judgement.level) == (False, "unverified")
    assert 0 < len(judgement.why) < 2000


def test_a_call_that_forks_answers_once(root: Path) -> None:
    """Only the process that was started writes results."""
    (root / "solution.py").write_text("import os\ndef f(x):\n    os.fork()\n    return 2 * x\n")
    check = calls(("1", "2"), ("4", "8"))
    assert judge(check, None, outcome(root, check)).passed


def test_what_was_reached_counts_after_a_crash(root: Path) -> None:
    """Results are written as they happen; the fault names the call that gave none."""
    (root / "solution.py").write_text("import os\ndef f(x):\n    if x == 3: os.abort()\n    return x\n")
    check = calls(("1", "1"), ("2", "2"), ("3", "3"))
    found = outcome(root, check)
    assert [one.value for one in found.returned] == ["1", "2"]
    assert fault(check, found) == "call 3 of 3: f(3) gave no result: the check was ended by signal 6"
