"""Parsing and compiling Python quietly, from any thread."""

import ast
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_ONE_AT_A_TIME = threading.Lock()
"""The warning filters belong to the whole process: two threads must not restore them crosswise. And CPython 3.11 counts the
depth of the tree it makes once for all threads: two at a time can end in `SystemError: AST constructor recursion depth
mismatch`."""
ATTEMPTS = 3
"""Whoever else parses in this process does not know our lock."""


def parsed(text: str) -> ast.Module:
    """The syntax tree. Warnings about the code (say, of a `\\d` in a plain string) are not ours to give. Raises ValueError."""
    try:
        return _quietly(lambda: ast.parse(text))
    except SyntaxError as error:
        raise ValueError(f"not valid Python: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL; nested too deeply
        raise ValueError(f"not valid Python: {error or type(error).__name__}") from None


def compiles(tree: ast.Module) -> bool:
    """Whether a tree that parses is also a program: no `return` outside of a function, no two parameters of one name."""
    try:
        _quietly(lambda: compile(tree, "<candidate>", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _quietly(work: Callable[[], T]) -> T:
    for attempt in range(ATTEMPTS):
        try:
            with _ONE_AT_A_TIME, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return work()
        except SystemError:
            if attempt + 1 == ATTEMPTS:
                raise
    raise AssertionError("not reached")
