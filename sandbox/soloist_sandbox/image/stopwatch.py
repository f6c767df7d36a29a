"""Cuts a test that computes for too long, so that the tests after it still run and the report gets its end.

Processor time in user mode is counted (ITIMER_VIRTUAL): a busy machine cuts nothing, and SIGALRM stays free for the tests
themselves. A test that waits, or loops in another process or in C, is left to the check's own limit.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any, Final

import pytest

LEAST_SECONDS: Final = 0.5
TIMES_SLOWEST: Final = 20
"""After one test was cut, others are given this many times what the slowest honest test took."""
_AGAIN_SECONDS: Final = 0.25
_PATIENCE: Final = 20
"""How often a test may swallow the interruption before the whole run is given up."""


class TooLong(BaseException):
    """Ends a test that loops. No `Exception`, so that `except Exception` in the code under test does not swallow it."""


class Stopwatch:
    """A pytest plugin that gives each test, fixtures included, its allowance of processor seconds."""

    def __init__(self, seconds: float, give_up: Callable[[], None]) -> None:
        self._allowance = seconds
        self._give_up = give_up
        self._left = seconds
        self._used = 0.0
        self._slowest = 0.0
        self._armed = False
        self._interruptions = 0
        signal.signal(signal.SIGVTALRM, self._interrupt)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        """Start from zero, and learn from how it went."""
        self._left, self._used, self._interruptions = self._allowance, 0.0, 0
        result = yield
        if not self._interruptions:
            self._slowest = max(self._slowest, self._used)
        else:
            self._allowance = min(self._allowance, max(LEAST_SECONDS, TIMES_SLOWEST * self._slowest))
        return result

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

    @contextlib.contextmanager
    def _timed(self) -> Generator[None]:
        started, before = _processor_seconds(), self._interruptions
        self._armed = True
        signal.setitimer(signal.ITIMER_VIRTUAL, max(self._left, _AGAIN_SECONDS), _AGAIN_SECONDS)
        try:
            yield
            if self._interruptions > before:  # swallowed by the test, or by `pytest.raises(BaseException)`
                raise TooLong(self._message())
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self._used += _processor_seconds() - started
            self._left = self._allowance - self._used

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """By the timer, or by the runner when the whole check's time is nearly over."""
        if not self._armed:
            return
        self._interruptions += 1
        if self._interruptions > _PATIENCE:
            self._give_up()
            os._exit(1)
        raise TooLong(self._message())

    def _message(self) -> str:
        return f"the test was cut: it may use {self._allowance:.3g} s of processor time"


def _processor_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime
