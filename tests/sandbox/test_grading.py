"""Function and program checks: nothing expected goes in, and what comes out is compared out here, whatever wrote it."""

import base64
import json
from typing import Any

import pytest
from soloist_sandbox.contract import Call, Case, FunctionCheck, Outcome, ProgramCheck, Ran, Returned
from soloist_sandbox.grading import fault, question, ran, returned
from soloist_sandbox.image.values import ITEMS
from soloist_sandbox.integrity import judge, protected, refuse_changes

from tests.sandbox.bare_job import calls, cases

DOUBLE = calls(("1", "2"), ("[1], key={'a'}", "{'SECRET': 3.5}"), ("2", None))


def test_nothing_expected_goes_in() -> None:
    """The question holds arguments and inputs alone."""
    raising = FunctionCheck(path="a.py", function="f", calls=(Call(arguments="1", raises="SecretError"),), tolerance=0.125)
    program = cases(("in", "SECRET out"))
    for check, asked in ((DOUBLE, "key"), (raising, "a.py"), (program, "in")):
        text = json.dumps(question(check))
        assert asked in text
        assert not any(secret in text for secret in ("SECRET", "3.5", "SecretError", "0.125"))


@pytest.mark.parametrize(
    ("check", "why"),
    [
        (calls(("1", "2"), ("x", "1")), "call 2: 'x' is no literal"),
        (calls(("1) + g(2", "1")), "call 1: .* no list of arguments"),
        (calls(("1", "Point(1)")), "call 1: .* no literal"),
        (calls(("1", "2"), function="f()"), "no function's name"),
        (calls(("1", "2"), path="../a.py"), "path"),
        (FunctionCheck(path="a.py", function="f", calls=(Call(arguments="", returns="1", raises="KeyError"),)), "both"),
    ],
)
def test_bad_checks_are_refused_before_anything_runs(check: FunctionCheck, why: str) -> None:
    """Who wrote a check that can't be judged hears which call it is."""
    with pytest.raises(ValueError, match=why):
        question(check)


GOOD = b'{"value":2}\n{"value":["d","SECRET",["f","0x1.cp+1"]]}\n{"value":4}\n'


@pytest.mark.parametrize(
    "tail",
    [
        b"[" * 100_000 + b"\n",
        b"{\n",
        b"\xff\xfe\n",
        b"null\n",
        b"3\n",
        b"{}\n",
        b'{"value":' + b"9" * 10_000 + b"}\n",
        b'{"value":NaN}\n',
        b'{"value":1.5}\n',
        b'{"value":Infinity}\n',
        b'{"value":{}}\n',
        b'{"value":1,"more":1}\n',
        b'{"value":' + b"[" * 500 + b"]" * 500 + b"}\n",
        b'{"value":["l"' + b',["l"' * 95 + b"]" * 96 + b"}\n",
        b'{"value":["l"' + b",0" * (ITEMS + 1) + b"]}\n",
        b'{"value":["s",["l"]]}\n',
        b'{"value":"' + b"x" * (4 << 20) + b'"}\n',
        b'{"raised":[],"message":""}\n',
        b'{"raised":[3],"message":""}\n',
        b'{"raised":"KeyError","message":""}\n',
        b'{"raised":["KeyError"],"message":null}\n',
        b'{"raised":["KeyError"],"message":"","value":1}\n',
        b'{"opaque":3}\n',
        b"cut off",
    ],
)
def test_nonsense_ends_the_reading(tail: bytes) -> None:
    """Whatever a job writes, reading never raises, and stays with what was understood before."""
    assert [one.value for one in returned(GOOD + tail + GOOD)][:4] == ["2", "{'SECRET': 3.5}", "4"]
    assert len(returned(GOOD + tail)) == 3
    assert returned(tail) == ()
    assert ran(tail) == ()


def test_texts_from_inside_are_bounded_text() -> None:
    """Surrogates and endless messages become text that can be stored."""
    line = {"raised": ["\ud800Error"], "message": "\ud800" + "x" * 9999}
    (found,) = returned(json.dumps(line).encode() + b"\n")
    assert found.raised == ("\\ud800Error",)
    assert len(found.message) < 2100
    assert returned(b'{"value":"\\ud800"}\n')[0].value == "'\\ud800'"


@pytest.mark.timeout(20)
def test_ten_megabytes_are_read_in_seconds() -> None:
    """The number of values that are looked at has a bound, however long the report."""
    line = b'{"value":["l"' + b",0" * 90_000 + b"]}\n"
    assert 0 < len(returned(line * 60)) < 60
    assert len(returned(b'{"value":1}\n' * 200_000)) <= 100_000


def result(*found: Returned, **ended: Any) -> Outcome:
    return Outcome(**{"exit_code": 0, "returned": found, **ended})


TWO, SECRET, FOUR = Returned(value="2"), Returned(value="{'SECRET': 3.5}"), Returned(value="4")


def test_a_pass_and_its_level() -> None:
    """Everything expected came: executed; and tested where it was seen not to come before."""
    before, after = result(TWO, Returned(value="0"), FOUR), result(TWO, SECRET, FOUR)
    assert judge(DOUBLE, None, after).level == "executed"
    assert judge(DOUBLE, after, after).level == "executed"
    assert judge(DOUBLE, before, after).level == "tested"
    assert judge(DOUBLE, result(exit_code=3), after).level == "tested"
    assert judge(DOUBLE, before, after).why == "2 calls gave what was expected; before the change it was not so"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (result(), "call 1 of 3: f(1) gave no result: the program left before its end"),
        (result(TWO), "call 2 of 3: f([1], key={'a'}) gave no result"),
        (result(TWO, SECRET), "call 3 of 3: f(2) gave no result"),
        (
            result(TWO, SECRET, exit_code=None, limit="seconds"),
            "call 3 of 3: f(2) gave no result: the check was ended by its limit",
        ),
        (result(TWO, SECRET, FOUR, FOUR), "more results than calls (4 and 3)"),
        (result(Returned(value="True")), "call 1 of 3: f(1) returned True, but expected is 2"),
        (result(Returned(value="2.0")), "returned 2.0, but expected is 2"),
        (result(Returned()), "returned what can't be compared"),
        (result(Returned(message="a value of type A is no literal")), "type A is no literal; expected is 2"),
        (result(Returned(value="f(")), "can't be judged"),
        (result(Returned(raised=("KeyError", "Exception"), message="'a'")), "f(1) raised KeyError: 'a'; expected is 2"),
        (result(TWO, SECRET, FOUR, exit_code=1), "exit code 1"),
        (result(TWO, SECRET, FOUR, exit_code=None, signal=9), "signal 9"),
        (result(TWO, SECRET, FOUR, limit="memory"), "limit of memory"),
    ],
)
def test_no_pass(found: Outcome, why: str) -> None:
    """Anything short of every expected value, and nothing else, is no pass, and the sentence says what was short."""
    judgement = judge(DOUBLE, None, found)
    assert (judgement.passed, judgement.level) == (False, "unverified")
    assert why in judgement.why


def test_nothing_expected_proves_nothing() -> None:
    """A check that expects nothing never passes, however well it ran."""
    assert "nothing is proved" in judge(calls(("2", None)), None, result(FOUR)).why
    assert "nothing is proved" in judge(cases(("2", None)), None, Outcome(exit_code=0, ran=(Ran(exit_code=0),))).why


@pytest.mark.parametrize(
    ("raises", "found", "why"),
    [
        ("KeyError", Returned(raised=("KeyError", "LookupError", "Exception")), None),
        ("LookupError", Returned(raised=("KeyError", "LookupError", "Exception")), None),
        ("IOError", Returned(raised=("OSError", "Exception")), None),
        ("decimal.InvalidOperation", Returned(raised=("InvalidOperation", "Exception")), None),
        ("Exception", Returned(raised=("ExceptionGroup", "BaseExceptionGroup", "Exception", "BaseException")), None),
        ("Both", Returned(raised=("Both", "KeyError", "ValueError", "Exception")), None),
        ("KeyError", Returned(raised=("Both", "KeyError", "ValueError", "Exception")), "but expected is KeyError"),
        ("ValueError", Returned(raised=("Both", "KeyError", "ValueError", "Exception")), "but expected is ValueError"),
        ("KeyError", Returned(raised=("LookupError", "Exception")), "raised LookupError, but expected is KeyError"),
        ("ValueError", Returned(raised=("ValueError (not the built-in)", "Exception")), "but expected is ValueError"),
        ("KeyError", Returned(value="3"), "returned 3, but expected is KeyError"),
        ("KeyError", Returned(message="KeyError"), "but expected is KeyError"),
    ],
)
def test_expected_exceptions(raises: str, found: Returned, why: str | None) -> None:
    """The class or one of its bases must have the expected name; a value is no exception."""
    check = FunctionCheck(path="a.py", function="f", calls=(Call(arguments="", raises=raises),))
    told = fault(check, result(found))
    assert (told is None) == (why is None)
    assert why is None or why in (told or "")


def test_long_values_show_where_they_differ() -> None:
    """A fault is read by a model that repairs: it is short, and shows the first difference."""
    right, wrong = str(list(range(5000))), str([*range(4000), -1, *range(4001, 5000)])
    told = fault(calls(("0", right)), result(Returned(value=wrong))) or ""
    assert len(told) < 2000
    assert "3999, -1, 4001" in told
    assert "3999, 4000, 4001" in told


def line(code: int | None = 0, stdout: str = "", **more: Any) -> bytes:
    told = {"exit": code, "signal": None, "late": False, "too_much": False, "stderr": "", **more}
    return json.dumps({**told, "stdout": base64.b64encode(stdout.encode()).decode()}).encode() + b"\n"


@pytest.mark.parametrize("bad", [line(stderr="?"), line(late=1), line("0"), line(stderr=None), b"{}\n"])  # type: ignore[arg-type]
def test_bad_lines_of_a_program_job(bad: bytes) -> None:
    """What is no case ends the reading."""
    assert ran(line() + bad + line()) == (Ran(exit_code=0),)


CASES = cases(("1", "one\ntwo"), ("2", "2"))


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ((Ran(exit_code=0, stdout="one  \ntwo\n\n"), Ran(exit_code=0, stdout="2")), None),
        ((Ran(exit_code=0, stdout="one\n\ntwo"),), "case 1 of 2: it printed\none\n\ntwo\nbut expected is\none\ntwo\ninput:\n1"),
        ((Ran(exit_code=0, stdout=" one\ntwo"),), "it printed"),
        (
            (Ran(exit_code=1, stderr="Traceback\nValueError: x"),),
            "case 1 of 2: it ended with exit code 1: Traceback\nValueError: x",
        ),
        ((Ran(exit_code=None, late=True),), "case 1 of 2: it took too long\ninput:\n1"),
        ((Ran(exit_code=None, stderr="signal 11 ended it"),), "it was ended: signal 11"),
        ((Ran(exit_code=0, stdout="one\ntwo"),), "1 results of 2 cases"),
        ((Ran(exit_code=0, stdout="one\ntwo"), Ran(exit_code=0, stdout="2"), Ran(exit_code=0)), "3 results of 2 cases"),
        ((), "0 results of 2 cases"),
    ],
)
def test_cases_are_compared(found: tuple[Ran, ...], why: str | None) -> None:
    """Output counts up to white space at the ends of lines and of the text; the fault shows the case."""
    judgement = judge(CASES, None, Outcome(exit_code=0, ran=found))
    assert judgement.passed == (why is None)
    assert (why or "2 cases printed what was expected") in judgement.why


def test_good_cases_with_a_bad_end() -> None:
    """A limit, a signal or an exit code spoils it, whatever was printed before."""
    good = (Ran(exit_code=0, stdout="one\ntwo"), Ran(exit_code=0, stdout="2"))
    for ended in ({"exit_code": 1}, {"exit_code": None, "limit": "memory"}, {"exit_code": None, "signal": 9}):
        assert not judge(CASES, None, Outcome(**{**ended, "ran": good})).passed  # type: ignore[arg-type]


def test_the_file_under_check_may_be_written() -> None:
    """The path that a function or program check names is the candidate's, though it looks like a test or hides a module."""
    for path in ("solution.py", "tests/a.py", "test_a.py", "heapq.py", "setup.py"):
        for check in (calls(("1", "2"), path=path), ProgramCheck(path=path, cases=(Case(stdin="", stdout="1"),))):
            assert protected(path, check) is None
            refuse_changes({path: b""}, check, set())
            assert protected("conftest.py", check)
    for path in ("sitecustomize.py", ".git/hooks/x.py", "a.pth/x.py"):
        assert protected(path, calls(("1", "2"), path=path))
