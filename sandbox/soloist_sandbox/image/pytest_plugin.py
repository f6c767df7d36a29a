"""The pytest plugin that writes the report: one JSON line per event, into a pipe that only the runner reads."""

import os
from collections.abc import Generator
from json import dumps
from os import getpid, write
from typing import Any, Final

import pytest

from .workspace import ROOT

MESSAGE: Final = 4000
"""Characters kept of a message: its end, where pytest says what was wrong."""
FRAMES: Final = 50
_GRAVITY: Final = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")
"""Of several phases of a test, the worst counts."""

Frame = tuple[str, int, str]


class Channel:
    """Writes lines. Silent once the pipe is broken, and in forks that a test has made."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._process = getpid()

    def send(self, event: dict[str, Any]) -> None:
        """Write one event."""
        if getpid() != self._process:
            return
        rest = memoryview(dumps(event).encode() + b"\n")
        try:
            while rest:
                rest = rest[write(self._descriptor, rest) :]
        except OSError:
            self._process = -1


class Reporter:
    """Tells the runner's client what pytest found."""

    def __init__(self, channel: Channel, ids: list[str], *, fail_fast: bool, brief: bool) -> None:
        self._channel = channel
        self._ids = ids
        self._fail_fast = fail_fast
        self._brief = brief
        self._running: dict[str, dict[str, Any]] = {}
        self.statuses: dict[str, str] = {}
        """Final status by test id."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Narrow the run. Ids are relative to pytest's root, arguments to the working folder."""
        if self._fail_fast:
            config.option.maxfail = 1
        if self._brief:  # pytest parses the whole test file for every failure that it shows with its source
            config.option.tbstyle = "no"
        if self._ids:
            config.args = [f"{config.rootpath}/{name}" for name in self._ids]
            config.option.pyargs = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What will run, so that tests missing after a crash have names."""
        self._channel.send({"t": "collected", "ids": [item.nodeid for item in session.items]})

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, Any]:
        """Keep where collecting failed."""
        report = yield
        _keep_frames(report, getattr(report, "call", None))
        return report

    def pytest_collectreport(self, report: Any) -> None:
        """A file that can't be imported is an error in the file's name."""
        if report.failed:
            path = report.nodeid.partition("::")[0]
            self._test(path, "error", 0.0, _message(report), getattr(report, "soloist_frames", []))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Say which test runs, so that a hang has a name."""
        self._channel.send({"t": "start", "id": nodeid})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Keep where the test failed."""
        report = yield
        _keep_frames(report, call)
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Join the phases of a test."""
        test = self._running.setdefault(report.nodeid, {"status": "passed", "seconds": 0.0, "message": "", "frames": []})
        test["seconds"] += getattr(report, "duration", 0.0)
        status = _status(report)
        if _GRAVITY.index(status) > _GRAVITY.index(test["status"]):
            test.update(status=status, message=_message(report), frames=getattr(report, "soloist_frames", []))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Write the test's result."""
        test = self._running.pop(nodeid, None)
        if test is not None:
            self._test(nodeid, test["status"], test["seconds"], test["message"], test["frames"])

    def _test(self, name: str, status: str, seconds: float, message: str, frames: list[Frame]) -> None:
        self.statuses[name] = status
        event = {"t": "test", "id": name, "status": status, "seconds": seconds, "message": message, "frames": frames}
        self._channel.send(event)


def _status(report: Any) -> str:
    expected = hasattr(report, "wasxfail")
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    if report.outcome == "skipped":
        return "xfailed" if expected else "skipped"
    return "xpassed" if report.outcome == "passed" and expected and report.when == "call" else "passed"


def _message(report: Any) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):  # a skip: path, line, reason
        text = str(report.longrepr[-1])
    else:
        text = str(getattr(report, "wasxfail", "") or report.longreprtext)
    return text.encode("utf-8", "backslashreplace").decode()[-MESSAGE:]


def _keep_frames(report: Any, call: Any) -> None:
    if call is not None and call.excinfo is not None and report.outcome == "failed":
        report.soloist_frames = frames_of(call.excinfo.value)


def frames_of(error: BaseException) -> list[Frame]:
    """The traceback's entries inside the workspace, innermost last."""
    while isinstance(error, pytest.Collector.CollectError) and error.__cause__ is not None:
        error = error.__cause__
    found: list[Frame] = []
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        _add(found, code.co_filename, entry.tb_lineno, getattr(code, "co_qualname", code.co_name))
        entry = entry.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        _add(found, error.filename, error.lineno or 1, "<module>")
    return found[-FRAMES:]


def _add(found: list[Frame], filename: str, line: int | None, function: str) -> None:
    path = os.path.normpath(os.path.join(ROOT, filename))
    if path.startswith(f"{ROOT}/") and line is not None:
        found.append((os.path.relpath(path, ROOT), line, function))
