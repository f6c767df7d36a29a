"""Which lines failing and passing tests execute."""

import contextlib
import os
import time
import warnings
from collections.abc import Generator
from typing import Any, Final

import coverage
import pytest

from .pytest_plugin import Channel, Reporter
from .workspace import ROOT

_TESTS: Final = ("*/test_*.py", "*/*_test.py", "*/conftest.py", "*/tests/*", "*/test/*")


class Tracer:
    """A pytest plugin that traces every test in a context of its own."""

    def __init__(self, channel: Channel, reporter: Reporter, *, stop_after: float) -> None:
        self._channel = channel
        self._reporter = reporter
        self._stop_at = time.monotonic() + stop_after
        self._contexts: dict[str, str] = {}
        self._started = False
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, branch=False, include=[f"{ROOT}/*"], omit=list(_TESTS), messages=False
        )
        with contextlib.suppress(coverage.CoverageException):
            self._coverage.set_option("run:core", "ctrace")  # the one tracer that can tell tests apart at full speed

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

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The session is over: write the spectrum."""
        self.emit()

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
