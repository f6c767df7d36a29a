"""What a candidate may not change, and what counts as a pass."""

import pytest
from soloist_sandbox.contract import CommandCheck, LimitName, Outcome, PytestCheck, TestReport, TestResult, TestStatus
from soloist_sandbox.integrity import judge, protected, refuse_changes

CHECK = PytestCheck(args=("-q", "checks/acceptance.py"))


@pytest.mark.parametrize(
    "path",
    [
        "test_a.py",
        "pkg/test_a.py",
        "pkg/a_test.py",
        "Tests/helper.py",
        "test/data/x.json",
        "src/pkg/tests/x.py",
        "conftest.py",
        "a/CONFTEST.py",
        "pytest.ini",
        ".pytest.ini",
        "tox.ini",
        "setup.cfg",
        "sub/pyproject.toml",
        "x.pth",
        "sitecustomize.py",
        "usercustomize/__init__.py",
        ".git/hooks/pre-commit",
        "checks/acceptance.py",
    ],
)
def test_protected(path: str) -> None:
    """Tests, their settings, what Python runs by itself, git's files and what the check names stay as they are."""
    assert protected(path, CHECK)
    with pytest.raises(ValueError, match="not allowed"):
        refuse_changes({path: b""}, CHECK, {path})


@pytest.mark.parametrize("path", ["pkg/a.py", "contest.py", "src/latest.py", "setup.py", "README.md", "checks/other.py"])
def test_allowed(path: str) -> None:
    """Sources may change, and files may be added beside them."""
    assert protected(path, CHECK) is None
    refuse_changes({path: b""}, CHECK, set())


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../b.py", "a//b.py", "./a.py", "a\\b.py", "a\0.py", "", "c:/x", "a\n.py"])
def test_misplaced(path: str) -> None:
    """A path outside the workspace, or with a second spelling, is refused."""
    with pytest.raises(ValueError, match="not allowed"):
        refuse_changes({path: b""}, CHECK, set())


@pytest.mark.parametrize(
    "path", ["json.py", "src/random.py", "pytest/__init__.py", "_pytest/x.py", "pluggy.py", "coverage.py", "os.so"]
)
def test_new_files_hide_no_module(path: str) -> None:
    """A new file may not be imported instead of the standard library or pytest; one that was there already may change."""
    with pytest.raises(ValueError, match="hide the module"):
        refuse_changes({path: b""}, CHECK, set())
    refuse_changes({path: b""}, CHECK, {path})


def test_twins_and_listing() -> None:
    """A file that differs from another only in case is refused, and every refusal is listed."""
    with pytest.raises(ValueError, match=r"pkg/A\.py: .*case.*; tests/x\.py: "):
        refuse_changes({"pkg/A.py": b"", "tests/x.py": b"", "pkg/b.py": b""}, CHECK, {"pkg/a.py", "pkg/b.py"})


def report(*, complete: bool = True, exit_code: int = 0, canary: bool = True, **statuses: TestStatus) -> TestReport:
    """A report with these tests in one file; a name that ends in `_py` is a file."""
    names = {name: f"{name[:-3]}.py" if name.endswith("_py") else f"test_m.py::{name}" for name in statuses}
    tests = tuple(TestResult(id=names[name], status=status) for name, status in statuses.items())
    return TestReport(tests=tests, complete=complete, exit_code=exit_code if complete else None, canary_caught=canary)


def ran(
    found: TestReport | None = None, exit_code: int | None = 0, limit: LimitName | None = None, signal: int | None = None
) -> Outcome:
    """An outcome with this report."""
    return Outcome(exit_code=exit_code, limit=limit, signal=signal, report=found)


BEFORE = ran(report(exit_code=1, a="failed", b="passed", c="skipped"), 1)
PASS = report(a="passed", b="passed", c="skipped")


def test_pass() -> None:
    """The same tests, all passed, after a failure was seen: tested."""
    judgement = judge(CHECK, BEFORE, ran(PASS))
    assert (judgement.passed, judgement.level) == (True, "tested")
    assert judgement.why == "2 tests passed, the same as before; 1 of them failed before the change"


def test_never_failed() -> None:
    """A check that was not seen to fail proves less."""
    assert judge(CHECK, ran(PASS), ran(PASS)).level == "executed"
    assert judge(CHECK, None, ran(PASS)).level == "executed"
    command = CommandCheck(command="make")
    assert judge(command, ran(), ran()).level == "executed"
    assert judge(command, None, ran()).level == "executed"
    assert judge(command, ran(exit_code=1), ran()).level == "tested"
    assert judge(command, ran(exit_code=None, limit="seconds"), ran()).level == "tested"


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (ran(PASS, 1), "exit code 1"),
        (ran(PASS, None, "seconds"), "limit of seconds"),
        (ran(PASS, None, "memory"), "limit of memory"),
        (ran(PASS, None, signal=9), "signal 9"),
        (ran(None), "no report"),
        (ran(report(complete=False, a="passed", b="passed", c="skipped")), "not complete"),
        (ran(report(exit_code=1, a="passed", b="passed", c="skipped")), "exit code 1"),
        (ran(report(canary=False, a="passed", b="passed", c="skipped")), "must fail"),
        (ran(report(a="passed", c="skipped")), "did not run any more: test_m.py::b"),
        (ran(report(a="passed", b="passed", c="skipped", d="passed")), "not there before: test_m.py::d"),
        (ran(report(a="skipped", b="passed", c="skipped")), "did not count this time: test_m.py::a"),
        (ran(report(a="xfailed", b="passed", c="skipped")), "did not count"),
        (ran(report(a="xpassed", b="passed", c="skipped")), "did not count"),
        (ran(report(a="failed", b="passed", c="skipped")), "1 test of 3 did not pass: test_m.py::a"),
        (ran(report(a="passed", b="error", c="skipped")), "did not pass: test_m.py::b"),
        (ran(report(exit_code=0)), "did not run any more"),
    ],
)
def test_no_pass(outcome: Outcome, why: str) -> None:
    """Anything short of the same tests, all passed and honestly reported, is no pass, and the sentence says what was short."""
    judgement = judge(CHECK, BEFORE, outcome)
    assert (judgement.passed, judgement.level) == (False, "unverified")
    assert why in judgement.why


def test_truncated_output_is_no_failure() -> None:
    """A check may write more than is kept."""
    assert judge(CHECK, BEFORE, ran(PASS).model_copy(update={"truncated": True})).passed


def test_collection_errors_before() -> None:
    """Where a file could not be collected, ids can't be compared: then something of it must pass, and nothing be skipped."""
    before = ran(report(exit_code=2, test_m_py="error"), 2)
    after = judge(CHECK, before, ran(report(a="passed", b="passed")))
    assert (after.passed, after.level) == (True, "tested")
    assert "test_m.py could not be collected" in after.why
    assert "did not count" in judge(CHECK, before, ran(report(a="passed", b="skipped"))).why
    other = ran(report(exit_code=2, test_other_py="error"), 2)
    assert (
        "no test passed in what could not be collected before: test_other.py" in judge(CHECK, other, ran(report(a="passed"))).why
    )


def test_nothing_known_before() -> None:
    """A run that crashed before collecting names no test; then at least one must pass now."""
    before = ran(report(complete=False), None, "seconds")
    assert judge(CHECK, before, ran(report(a="passed"))).level == "tested"
    assert not judge(CHECK, before, ran(report())).passed
    assert not judge(CHECK, None, ran(report())).passed
