"""Fault localisation ranks what failing tests execute and passing tests don't."""

import math

from soloist_sandbox.contract import FileSpectrum, Frame, LineCount, TestReport, TestResult
from soloist_tools.localise import ochiai, rank, traceback_report

SOURCE = b"""def guilty(x):
    y = x + 1
    return y


def innocent(x):
    return x


class Shape:
    def area(self):
        def inner():
            return 1
        return inner()
"""


def result(name: str, status: str, *frames: Frame) -> TestResult:
    return TestResult.model_validate({"id": f"test_m.py::{name}", "status": status, "frames": frames})


def lines(**counts: tuple[int, int]) -> FileSpectrum:
    return FileSpectrum(path="m.py", lines=tuple(LineCount(line=int(n[1:]), failed=f, passed=p) for n, (f, p) in counts.items()))


def test_ochiai_is_the_published_formula() -> None:
    """f / sqrt(F (f + p)), and 0 where nothing failed."""
    assert ochiai(2, 3, 4) == 2 / math.sqrt(4 * 5)
    assert ochiai(1, 0, 1) == 1
    assert ochiai(0, 5, 2) == 0
    assert ochiai(0, 0, 0) == 0


def test_the_function_that_only_failing_tests_run_comes_first() -> None:
    """A function shared with passing tests is less suspect, one that no failing test runs is none."""
    report = TestReport(
        tests=(result("a", "failed"), result("b", "passed")), spectrum=(lines(l2=(1, 0), l3=(1, 0), l7=(1, 1), l14=(0, 1)),)
    )
    suspects = rank(report, {"m.py": SOURCE})
    assert [s.target for s in suspects] == ["m.py::guilty", "m.py::innocent"]
    assert [line.line for line in suspects[0].lines] == [2, 3]


def test_all_are_ranked_when_every_test_fails() -> None:
    """Without a passing test the traceback decides, and nothing executed is left out."""
    report = TestReport(
        tests=(result("a", "failed", Frame(path="m.py", line=7, function="innocent")),),
        spectrum=(lines(l2=(1, 0), l7=(1, 0), l12=(1, 0)),),
    )
    suspects = rank(report, {"m.py": SOURCE})
    assert suspects[0].name == "innocent"
    assert {s.name for s in suspects} == {"innocent", "guilty", "Shape.area"}


def test_a_nested_function_is_part_of_its_outer_one() -> None:
    """One suspect for a function with everything that is defined in it."""
    report = TestReport(tests=(result("a", "failed"),), spectrum=(lines(l13=(1, 0), l14=(1, 0)),))
    assert [s.name for s in rank(report, {"m.py": SOURCE})] == ["Shape.area"]


def test_a_traceback_in_a_commands_output_names_suspects() -> None:
    """Frames of the workspace count, those of the standard library don't."""
    said = 'Traceback:\n  File "/workspace/m.py", line 2, in guilty\n  File "/usr/lib/x.py", line 3, in y\n'
    suspects = rank(traceback_report("python m.py", said), {"m.py": SOURCE})
    assert [s.target for s in suspects] == ["m.py::guilty"]


def test_a_file_that_does_not_parse_has_no_suspects() -> None:
    """Nothing can be replaced in it, so nothing is claimed about it."""
    report = TestReport(tests=(result("a", "failed", Frame(path="m.py", line=1, function="f")),))
    assert rank(report, {"m.py": b"def broken(:\n"}) == ()
