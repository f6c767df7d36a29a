"""What tests call to find out whether something is right, as it was before any foreign code ran."""

import builtins
import math
import operator
import sys
import unittest.case
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import pytest

_REPLACED_BY_TESTS: Final = frozenset({"open", "input", "print", "exit", "quit", "help", "breakpoint", "copyright"})
"""Built-ins that honest tests replace, and that say nothing about right or wrong."""
_MODULES: Final = ("builtins", "math", "operator", "pytest", "unittest")
"""Whoever imports these gets the real ones."""

_OF_PYTEST: Final = tuple(
    f"_pytest.{name}" for name in ("approx", "assertion.rewrite", "assertion.util", "outcomes", "python_api", "raises", "recwarn")
)
"""What a test calls itself; some exist only in older or newer versions."""

Space = Mapping[str, Any]
Guarded = tuple[Space, dict[str, str], Callable[[Space], tuple[Any, ...]], tuple[Any, ...]]
"""Names in one namespace and what they are called in words; a function that takes their values; and what belongs there."""


def tools() -> list[Guarded]:
    """Everything guarded. To be called once pytest is imported."""
    found: list[Guarded] = []
    kinds: list[type] = [unittest.case.TestCase, unittest.case._AssertRaisesContext]
    for module in [sys.modules[name] for name in _OF_PYTEST if name in sys.modules]:
        found.append(_of(module, {name for name, value in vars(module).items() if callable(value)}))
        kinds += [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    found.append(_of(pytest, {"raises", "approx", "fail", "warns", "skip", "xfail", "importorskip"}))
    found.append(_of(builtins, {name for name in vars(builtins) if not name.startswith("_")} - _REPLACED_BY_TESTS))
    found.append(_of(math, {"isclose", "isnan", "isinf", "isfinite", "fabs"}))
    found.append(_of(operator, {"eq", "ne"}))
    found.append(_guarded(sys.modules, {name: f"what `import {name}` gives" for name in _MODULES}))
    for kind in kinds:
        methods = {name: f"{kind.__qualname__}.{name}" for name, value in vars(kind).items() if callable(value)}
        found.append(_guarded(vars(kind), methods))
    return found


def replaced_by_tests() -> list[Guarded]:
    """What honest tests replace themselves while they run, and what must be in its place before one begins."""
    return [_of(builtins, {"__import__", "__build_class__"})]


def _of(module: ModuleType, names: set[str]) -> Guarded:
    space = vars(module)
    return _guarded(space, {name: f"{module.__name__}.{name}" for name in sorted(names) if name in space})


def _guarded(space: Space, names: dict[str, str]) -> Guarded:
    take = operator.itemgetter(*names) if len(names) > 1 else _one(names)
    return space, names, take, take(space)


def _one(names: dict[str, str]) -> Callable[[Space], tuple[Any, ...]]:
    """`itemgetter` gives no tuple for fewer than two."""
    return lambda space: tuple(space[name] for name in names)
