"""What a pytest check reports: exact ids, statuses, frames and executed lines."""

import pytest

from soloist_sandbox.contract import Limits, PytestCheck, Session
from soloist_sandbox.contract_suite.project import CHECK, contract

STATUSES = """import pytest


@pytest.fixture
def bad_setup():
    raise RuntimeError("setup")


@pytest.fixture
def bad_teardown():
    yield
    raise RuntimeError("teardown")


def test_passes(): pass
def test_fails(): import deep; deep.outer()
def test_setup(bad_setup): pass
def test_teardown(bad_teardown): pass
def test_skips(): pytest.skip("why")
@pytest.mark.xfail
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xpasses(): pass
def test_exits(): raise SystemExit(0)
"""

SUBJECT = """def sign(x):
    if x < 0:
        return -1
    if x > 1:
        return 1
    return 0


def spin(n):
    while n:
        n -= 0
    return n
"""

STUBBORN = """

def stubborn():
    while True:
        try:
            while True: pass
        except BaseException: pass


def sleep():
    import time
    time.sleep(1000)
"""

TEST_SUBJECT = """import subject


def test_negative(): assert subject.sign(-5) == -1
def test_positive(): assert subject.sign(5) == 1
def test_one(): assert subject.sign(1) == 1
def test_still(): assert subject.spin(0) == 0
"""


@contract
class TestPytest:
    """`PytestCheck` and its `TestReport`."""

    async def test_pytest_report(self, session: Session) -> None:
        """The report has each test's exact id, status, message and frames."""
        outcome = await session.run(CHECK)
        report = outcome.report
        assert report is not None
        assert (outcome.exit_code, report.complete, report.exit_code, report.canary_caught) == (1, True, 1, True)
        assert [(test.id, test.status) for test in report.tests] == [
            ("test_calc.py::test_add", "failed"),
            ("test_calc.py::test_negate", "passed"),
        ]
        failed = report.tests[0]
        assert "assert -1 == 3" in failed.message
        assert [(frame.path, frame.line, frame.function) for frame in failed.frames] == [("test_calc.py", 5, "test_add")]

    async def test_pytest_statuses(self, session: Session) -> None:
        """Every way in which a test can end has its status; frames lead into the source."""
        deep = b"class Deep:\n    def inner(self):\n        raise KeyError('x')\n\n\ndef outer():\n    Deep().inner()\n"
        outcome = await session.run(
            PytestCheck(args=("test_all.py",)), changes={"test_all.py": STATUSES.encode(), "deep.py": deep}
        )
        assert outcome.report is not None
        statuses = {test.id.partition("::test_")[2]: test.status for test in outcome.report.tests}
        assert statuses == {
            "passes": "passed",
            "fails": "failed",
            "setup": "error",
            "teardown": "error",
            "skips": "skipped",
            "xfails": "xfailed",
            "xpasses": "xpassed",
            "exits": "failed",
        }
        failed = outcome.report.tests[1]
        assert [(frame.path, frame.line) for frame in failed.frames] == [("test_all.py", 16), ("deep.py", 7), ("deep.py", 3)]
        assert failed.frames[-1].function == "Deep.inner"

    async def test_pytest_collection_error(self, session: Session) -> None:
        """A file that can't be imported is an error with the file's path, and frames that lead to the fault."""
        outcome = await session.run(CHECK, changes={"calc.py": b"import nothing_like_this\n"})
        assert outcome.report is not None
        assert outcome.exit_code == 2
        (error,) = outcome.report.tests
        assert (error.id, error.status) == ("test_calc.py", "error")
        assert (error.frames[-1].path, error.frames[-1].line) == ("calc.py", 1)
        broken = await session.run(CHECK, changes={"calc.py": b"x = 1\ndef broken(:\n"})
        assert broken.report is not None
        assert (broken.report.tests[0].frames[-1].path, broken.report.tests[0].frames[-1].line) == ("calc.py", 2)

    async def test_pytest_ids_and_fail_fast(self, session: Session) -> None:
        """A narrowed check runs just its ids, in its order, relative to pytest's root; fail-fast stops at the first failure."""
        ids = ["test_calc.py::test_negate", "test_calc.py::test_add"]
        outcome = await session.run(CHECK.narrowed(ids))
        assert outcome.report is not None
        assert list(outcome.report.ids()) == ids
        first = await session.run(CHECK.narrowed(reversed(ids), fail_fast=True))  # type: ignore[arg-type]
        assert first.report is not None
        assert first.report.ids() == ("test_calc.py::test_add",)
        deep = {"inner/test_deep.py": b"def test_deep(): pass\ndef test_other(): pass\n"}
        whole = await session.run(PytestCheck(args=("inner",)), changes=deep)
        assert whole.report is not None
        narrow = await session.run(PytestCheck(args=("inner",)).narrowed(whole.report.ids()[:1]), changes=deep)
        assert narrow.report is not None
        assert narrow.report.ids() == whole.report.ids()[:1]

    async def test_looping_test_is_cut(self, session: Session) -> None:
        """A test that computes for too long has failed, however it defends itself; those after it run, and are cut earlier."""
        source = """import pytest
def loop():
    while True: pass
def test_good(): pass
def test_loop(): loop()
def test_guarded():
    try: loop()
    except Exception: pass
def test_expects():
    with pytest.raises(BaseException): loop()
@pytest.fixture
def looping(): loop()
def test_fixture(looping): pass
def test_last(): pass
"""
        limits = Limits(seconds=30, test_seconds=2)
        outcome = await session.run(
            PytestCheck(args=("test_loops.py",)), changes={"test_loops.py": source.encode()}, limits=limits
        )
        assert (outcome.exit_code, outcome.limit) == (1, None)
        assert outcome.report is not None
        assert [test.status for test in outcome.report.tests] == ["passed", "failed", "failed", "failed", "error", "passed"]
        assert (outcome.report.complete, outcome.report.canary_caught) == (True, True)
        assert outcome.report.tests[1].frames[-1].function == "loop"
        assert "the test was cut" in outcome.report.tests[1].message
        seconds = [test.seconds for test in outcome.report.tests]
        assert seconds[1] > 1.9
        assert max(seconds[2:]) < seconds[1] * 0.75

    async def test_workspace_that_shadows_the_preloaded(self, session: Session) -> None:
        """A project with a module that pytest itself imports gets its own module, as it would anywhere."""
        changes = {"iniconfig.py": b"raise RuntimeError('mine')\n", "test_own.py": b"def test_own(): pass\n"}
        outcome = await session.run(PytestCheck(as_module=True), changes=changes)
        assert outcome.exit_code not in (0, None)
        assert "RuntimeError: mine" in outcome.stderr
        shadow = {"tarfile.py": b"MINE = 1\n", "test_own.py": b"import tarfile\ndef test_own(): assert tarfile.MINE\n"}
        outcome = await session.run(PytestCheck(args=("test_own.py",), as_module=True), changes=shadow)
        assert outcome.exit_code == 0, outcome.stdout
        assert outcome.report is not None
        assert outcome.report.canary_caught

    async def test_trace_spectrum(self, session: Session) -> None:
        """Tracing counts, for each line of the source, the failing and the passing tests that executed it."""
        changes = {"subject.py": SUBJECT.encode(), "test_subject.py": TEST_SUBJECT.encode()}
        outcome = await session.run(PytestCheck(args=("test_subject.py",)), changes=changes, trace=True)
        assert outcome.report is not None
        assert outcome.report.ids("failed") == ("test_subject.py::test_one",)
        assert "CoverageWarning" not in outcome.stderr
        (subject,) = outcome.report.spectrum
        assert subject.path == "subject.py"
        counts = {line.line: (line.failed, line.passed) for line in subject.lines}
        assert counts == {2: (1, 2), 3: (0, 1), 4: (1, 1), 5: (0, 1), 6: (1, 0), 10: (0, 1), 12: (0, 1)}

    @pytest.mark.parametrize("loop", ["spin(1)", "sleep()", "stubborn()"])
    async def test_trace_outlives_a_looping_test(self, session: Session, loop: str) -> None:
        """A test that never ends fails, and its lines are counted with those of all other tests."""
        changes = {
            "subject.py": (SUBJECT + STUBBORN).encode(),
            "test_subject.py": f"{TEST_SUBJECT}def test_loops(): assert subject.{loop}\n".encode(),
        }
        outcome = await session.run(PytestCheck(args=("test_subject.py",)), changes=changes, trace=True, limits=Limits(seconds=8))
        assert outcome.report is not None
        statuses = {test.id.partition("::")[2]: test.status for test in outcome.report.tests}
        assert statuses["test_loops"] == "failed"
        assert statuses["test_positive"] == "passed"
        (subject,) = outcome.report.spectrum
        counts = {line.line: (line.failed, line.passed) for line in subject.lines}
        assert counts[2] == (1, 2)
        if loop == "spin(1)":
            assert counts[10] == (1, 1)
            assert counts[11] == (1, 0)
            assert outcome.report.complete
