"""What a candidate may not touch, and when an outcome counts as a pass.

An exit code of 0 is easy to get without doing the work. A pytest check therefore passes only with the exact tests of the
run before the change, each of them passed, and with a failing test of our own reported as failed in the same interpreter.
Function and program checks are compared out here (see `faults`): they pass by what came out alone.
"""

import sys
from collections.abc import Container
from fnmatch import fnmatchcase
from typing import Final

from soloist_sandbox.contract import (
    Changes,
    Check,
    CommandCheck,
    FunctionCheck,
    Level,
    Outcome,
    ProgramCheck,
    PytestCheck,
    TestReport,
    Value,
)
from soloist_sandbox.faults import fault
from soloist_sandbox.paths import misplaced

_TEST_FILES: Final = ("test_*.py", "*_test.py", "conftest.py")
_TEST_FOLDERS: Final = frozenset({"test", "tests"})
_SETTINGS: Final = frozenset(
    {"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml"}
)
_STARTUP: Final = ("*.pth", "sitecustomize.py", "usercustomize.py", "sitecustomize", "usercustomize")
_RUNS_THE_CHECK: Final = frozenset({"pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments", "coverage"})
_LISTED: Final = 5


class Judgement(Value):
    """Whether a check passed, how much that is worth, and why in one sentence."""

    passed: bool
    level: Level
    why: str


def protected(path: str, check: Check) -> str | None:
    """Why a candidate may not change this path, or None. Case does not matter: some file systems ignore it.

    The file that a function or program check names is the candidate's own, whatever it is called.
    """
    parts = path.casefold().split("/")
    name = parts[-1]
    if ".git" in parts:
        return "it belongs to git"
    if any(fnmatchcase(part, pattern) for part in parts for pattern in _STARTUP):
        return "Python runs it at every start"
    if _written_for(check, path):
        return None
    if any(fnmatchcase(name, pattern) for pattern in _TEST_FILES):
        return "it is a test"
    if _TEST_FOLDERS & set(parts[:-1]):
        return "it lies in a folder of tests"
    if name in _SETTINGS:
        return "it configures the tests"
    if any(_names(argument, parts) for argument in _paths_in(check)):
        return "the check names it"
    return None


def _written_for(check: Check, path: str) -> bool:
    return isinstance(check, FunctionCheck | ProgramCheck) and path == check.path


def _paths_in(check: Check) -> list[list[str]]:
    if not isinstance(check, PytestCheck):
        return []
    words = [*check.args, *check.ids]
    paths = [word.rpartition("=")[2].partition("::")[0].casefold() for word in words]
    return [[part for part in path.split("/") if part not in ("", ".")] for path in paths]


def _names(argument: list[str], parts: list[str]) -> bool:
    """Only files: a folder named in the check, like `src`, may hold what is to be repaired."""
    return argument == parts


def refuse_changes(changes: Changes, check: Check, existing: Container[str]) -> None:
    """Raises `ValueError` that lists every change a candidate may not make. `existing` holds the workspace's files."""
    refused = [f"{path}: {reason}" for path in changes if (reason := _refusal(path, check, existing))]
    if refused:
        raise ValueError("these changes are not allowed: " + "; ".join(refused))


def _refusal(path: str, check: Check, existing: Container[str]) -> str | None:
    if reason := misplaced(path) or protected(path, check):
        return reason
    if path in existing:
        return None
    if _twin(path, existing):
        return "it differs from an existing file only in case"
    if not _written_for(check, path) and (module := _shadowed(path)):
        return f"a new file of this name would hide the module {module}"
    return None


def _twin(path: str, existing: Container[str]) -> bool:
    try:
        names = iter(existing)  # type: ignore[call-overload] # most containers can be listed
    except TypeError:
        return path.casefold() in existing
    return any(path.casefold() == name.casefold() for name in names)


def _shadowed(path: str) -> str | None:
    """The module of the standard library or of pytest that a new file could be imported instead of."""
    parts = path.split("/")
    top = parts[1] if parts[0] == "src" and len(parts) > 1 else parts[0]
    module = top.partition(".")[0]
    importable = len(parts) > 1 or path.endswith((".py", ".pyc", ".so"))
    return module if importable and (module in sys.stdlib_module_names or module in _RUNS_THE_CHECK) else None


def judge(check: Check, baseline: Outcome | None, outcome: Outcome) -> Judgement:
    """Compare an outcome with the run before the change. Level "tested" needs a baseline that was seen to fail."""
    wrong = _fault(check, baseline, outcome)
    if wrong is not None:
        return Judgement(passed=False, level="unverified", why=wrong)
    failed_before = baseline is not None and not _clean(check, baseline)
    level: Level = "tested" if failed_before else "executed"
    return Judgement(passed=True, level=level, why=_praise(check, baseline, outcome, failed_before))


def _clean(check: Check, outcome: Outcome) -> bool:
    if isinstance(check, FunctionCheck | ProgramCheck):
        return fault(check, outcome) is None
    return outcome.exit_code == 0 and outcome.limit is None and not (outcome.report and outcome.report.ids("failed", "error"))


def _fault(check: Check, baseline: Outcome | None, outcome: Outcome) -> str | None:
    if isinstance(check, FunctionCheck | ProgramCheck):
        return fault(check, outcome)
    if outcome.limit is not None:
        return f"the check was ended by its limit of {outcome.limit}"
    if isinstance(check, PytestCheck) and outcome.report is not None and (bad := outcome.report.ids("failed", "error")):
        return f"{_tests(len(bad))} of {len(outcome.report.tests)} did not pass: {_some(bad)}"
    if outcome.signal is not None:
        return f"the check was ended by signal {outcome.signal}"
    if outcome.exit_code != 0:
        return f"the check ended with exit code {outcome.exit_code}"
    if isinstance(check, CommandCheck):
        return None
    if (report := outcome.report) is None:
        return "there is no report of the tests"
    return _unbelievable(report, baseline.report if baseline else None) or (
        _difference(baseline.report, report) if baseline and baseline.report else _nothing_ran(report)
    )


def _unbelievable(report: TestReport, before: TestReport | None) -> str | None:
    known = {(one.path, one.act) for one in before.meddling} if before else set()
    if new := [f"{one.path} {one.act}" for one in report.meddling if one.laid and (one.path, one.act) not in known]:
        return f"the candidate meddles with what judges it: {_some(new)}"
    if not report.complete:
        return "the tests' report is not complete: the program left pytest before its end"
    if report.exit_code != 0:
        return f"pytest itself ended with exit code {report.exit_code}"
    if not report.canary_caught:
        return "a test that must fail was not reported as failed: something has changed pytest itself"
    return None


def _nothing_ran(report: TestReport) -> str | None:
    return None if report.ids("passed") else "no test passed"


def _difference(before: TestReport, after: TestReport) -> str | None:
    skipped = set(after.ids("skipped", "xfailed", "xpassed")) - set(before.ids("skipped", "xfailed", "xpassed"))
    if skipped:
        return f"{_tests(len(skipped))} that ran before did not count this time: {_some(sorted(skipped))}"
    files = uncollected(before)
    if files or not before.tests:  # what would have run is not known
        missing = [path for path in files if not any(_in_file(name, path) for name in after.ids("passed"))]
        return f"no test passed in what could not be collected before: {_some(missing)}" if missing else _nothing_ran(after)
    expected, found = set(before.ids()), set(after.ids())
    if gone := expected - found:
        return f"{_tests(len(gone))} of {len(expected)} did not run any more: {_some(sorted(gone))}"
    if new := found - expected:
        return f"{_tests(len(new))} ran that were not there before: {_some(sorted(new))}"
    return _nothing_ran(after)


def uncollected(report: TestReport) -> tuple[str, ...]:
    """Files and folders that pytest could not collect: errors that have a path for a name."""
    return tuple(test.id for test in report.tests if test.status == "error" and "::" not in test.id)


def _in_file(name: str, path: str) -> bool:
    return name.startswith((f"{path}::", f"{path}/"))


def _praise(check: Check, baseline: Outcome | None, outcome: Outcome, failed_before: bool) -> str:
    if isinstance(check, FunctionCheck | ProgramCheck):
        return _expected(check) + ("; before the change it was not so" if failed_before else "")
    if isinstance(check, CommandCheck) or outcome.report is None:
        return "the command ended with 0" + ("; before the change it failed" if failed_before else "")
    passed = len(outcome.report.ids("passed"))
    text = f"{_tests(passed)} passed"
    if baseline is None or baseline.report is None:
        return f"{text}; there is no run before the change to compare with"
    if files := uncollected(baseline.report):
        return f"{text}; {_some(files)} could not be collected before the change"
    broken = len(set(baseline.report.ids("failed", "error")) & set(outcome.report.ids("passed")))
    text += ", the same as before" if baseline.report.tests else ""
    return (
        f"{text}; {broken or 'none'} of them failed before the change" if baseline.report.tests else f"{text}; before, none ran"
    )


def _expected(check: FunctionCheck | ProgramCheck) -> str:
    if isinstance(check, ProgramCheck):
        count = sum(case.stdout is not None for case in check.cases)
        return f"{count} {'case' if count == 1 else 'cases'} printed what was expected"
    count = sum(call.returns is not None or call.raises is not None for call in check.calls)
    return f"{count} {'call' if count == 1 else 'calls'} gave what was expected"


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _some(names: "tuple[str, ...] | list[str]") -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
