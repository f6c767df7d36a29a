"""Which lines failing and passing tests execute, and how a test that never ends is kept from hiding it."""

import contextlib
import os
import signal
import time
import warnings
from collections.abc import Generator
from types import FrameType
from typing import Any, Final

import coverage
import pytest

from .pytest_plugin import Channel, Reporter
from .workspace import ROOT

TEST_SECONDS: Final = 5.0
"""CPU seconds in user mode that one phase of one test may take while it is traced."""
_AGAIN_SECONDS: Final = 0.25
_PATIENCE: Final = 20
"""How often a test may swallow the interruption before the whole run is given up, with what was traced until then."""
_TESTS: Final = ("*/test_*.py", "*/*_test.py", "*/conftest.py", f"{ROOT}/tests/*", f"{ROOT}/test/*", "*/tests/*", "*/test/*")


class TooLong(BaseException):
    """Ends a test that loops. No `Exception`, so that `except Exception` in the code under test does not swallow it."""


class Tracer:
    """Traces every test in a context of its own."""

    def __init__(self, channel: Channel, reporter: Reporter, *, seconds: float, stop_after: float) -> None:
        self._channel = channel
        self._reporter = reporter
        self._test_seconds = min(TEST_SECONDS, seconds / 4)
        self._stop_at = time.monotonic() + stop_after
        self._contexts: dict[str, str] = {}
        self._armed = False
        self._interruptions = 0
        self._started = False
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, branch=False, include=[f"{ROOT}/*"], omit=list(_TESTS), messages=False
        )
        with contextlib.suppress(coverage.CoverageException):
            self._coverage.set_option("run:core", "ctrace")  # the one tracer that can tell tests apart at full speed
        signal.signal(signal.SIGVTALRM, self._interrupt)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, Any]:
        """Give the test its context; tracing starts with the first test, as lines run while importing tell nothing."""
        if not self._started:
            self._coverage.start()
            self._started = True
        context = self._contexts.setdefault(item.nodeid, str(len(self._contexts) + 1))
        self._coverage.switch_context(context)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")
            if time.monotonic() > self._stop_at:
                item.session.shouldstop = "no time left to trace more tests"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        """Bound the fixtures' time."""
        with self._timed():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Bound the test's time."""
        with self._timed():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        """Bound the clean-up's time."""
        with self._timed():
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The session is over: write the spectrum."""
        self.emit()

    @contextlib.contextmanager
    def _timed(self) -> Generator[None]:
        self._armed = True
        signal.setitimer(signal.ITIMER_VIRTUAL, self._test_seconds, _AGAIN_SECONDS)
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """By the timer, or by the runner when the whole check's time is nearly over."""
        if not self._armed:
            return
        self._interruptions += 1
        if self._interruptions > _PATIENCE:
            self.emit()
            os._exit(1)
        raise TooLong("the test used too much time while it was traced")

    def emit(self) -> None:
        """Write how many failing and how many passing tests executed each line. Only the first call writes."""
        if not self._started:
            return
        self._started = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._coverage.stop()
            data = self._coverage.get_data()
        groups = {context: self._group(name) for name, context in self._contexts.items()}
        for path in sorted(data.measured_files()):
            lines = []
            for line, contexts in sorted(data.contexts_by_lineno(path).items()):
                of_line = [groups.get(context) for context in contexts]
                if any(of_line):
                    lines.append((line, of_line.count("failed"), of_line.count("passed")))
            if lines:
                self._channel.send({"t": "spectrum", "path": os.path.relpath(path, ROOT), "lines": lines})

    def _group(self, name: str) -> str | None:
        """A test without a status was cut off while it ran."""
        status = self._reporter.statuses.get(name, "failed")
        return {"failed": "failed", "error": "failed", "passed": "passed", "xpassed": "passed"}.get(status)
