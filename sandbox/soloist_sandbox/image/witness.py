"""Sees, in the interpreter that runs the tests, which of them came to their end, and who looked at them or changed their tools.

Two facts make it hard to deceive. An audit hook can't be removed, and nothing in Python leads to what it remembers: the tests,
and a secret of which only the hash stands in the report's first line. Without the secret there is no last line, so a report
that is written by hand has no end. And a test has passed when its own function, called by pytest and not by the candidate, has
returned: whatever pytest is made to say afterwards does not count.

Not covered: the answers that a candidate knows by heart, and code that changes the interpreter's memory without a trace (an
extension module of its own, or one that is there already).
"""

import functools
import inspect
import os
import sys
import types
from collections.abc import Callable, Generator
from typing import Any

import pytest

from . import blame, equality, lookout
from .workspace import ROOT


class TestModule(types.ModuleType):
    """A module of tests that tells who reads it from outside. Its own functions don't: they have its dictionary."""

    __test__ = False

    def __getattribute__(self, name: str) -> Any:
        sys.audit("soloist.test_module", name, types.ModuleType.__getattribute__(self, "__dict__"))
        return types.ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        sys.audit("soloist.test_module", f"={name}", {})
        types.ModuleType.__setattr__(self, name, value)


class Witness:
    """The pytest plugin that has each test's function watched."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Tests run in this process, or nobody has seen them."""
        for option, value in (("dist", "no"), ("forked", False)):
            if hasattr(config.option, option):
                setattr(config.option, option, value)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """From here on, nobody but tests and their tools has business in a module of tests."""
        for module in {getattr(item, "module", None) for item in session.items}:
            if type(module) is types.ModuleType and blame.is_test(os.path.relpath(module.__file__ or "", ROOT)):
                module.__class__ = TestModule

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: Any) -> Generator[None, Any, Any]:
        """Put ourselves between pytest and the function."""
        if not isinstance(item, pytest.Function):
            item.runtest = watching(item.runtest, item.nodeid)
            return (yield)
        plain = item.obj
        item.obj = watching(plain, item.nodeid)
        case = getattr(item, "instance", None) if inspect.iscoroutinefunction(plain) else None
        if case is not None and hasattr(case, "_testMethodName"):
            setattr(case, item.name, item.obj)
        try:
            return (yield)
        finally:
            item.obj = plain


def watching(function: Callable[..., Any], nodeid: str) -> Callable[..., Any]:
    """The function, and a word when it is called and when it has returned."""
    audit = sys.audit

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        audit("soloist.entered", function, nodeid)
        result = function(*args, **kwargs)
        audit("soloist.returned")
        return result

    @functools.wraps(function)
    async def watched_async(*args: Any, **kwargs: Any) -> Any:
        audit("soloist.entered", function, nodeid)
        result = await function(*args, **kwargs)
        audit("soloist.returned")
        return result

    return watched_async if inspect.iscoroutinefunction(function) else watched


def compare_twice() -> None:
    """Have tests' comparisons looked at, see `equality`. Byte code that was compiled without that is not used."""
    import _pytest.assertion.rewrite as rewriting

    compared = equality.make_compared()
    equality.compared_by_unittest(compared)
    plain = rewriting.rewrite_asserts

    def rewrite_asserts(mod: Any, *args: Any) -> None:
        plain(mod, *args)
        equality.rewritten(mod)

    rewriting.soloist_compared = compared  # type: ignore[attr-defined]
    rewriting.rewrite_asserts = rewrite_asserts  # type: ignore[assignment]
    rewriting._read_pyc = lambda *args, **kwargs: None


def install(descriptor: int, laid: list[str]) -> None:
    """Begin. The caller's frame is the only one that may end the report, by `sys.audit("soloist.end")`.

    `laid`: paths of files that were laid over the workspace for this run.
    """
    compare_twice()
    lookout.install(descriptor, laid, {watching(len, "").__code__, watching(_nothing, "").__code__})


async def _nothing() -> None:
    """A coroutine function, to have one watched."""
