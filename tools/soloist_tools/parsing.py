"""Parsing Python quietly."""

import ast
import threading
import warnings

_QUIET = threading.Lock()  # the warning filters belong to the whole process: two threads must not restore them crosswise


def parsed(text: str) -> ast.Module:
    """The syntax tree. Warnings about the code (say, of a `\\d` in a plain string) are not ours to give. Raises ValueError."""
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"not valid Python: line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL; nested too deeply
        raise ValueError(f"not valid Python: {error or type(error).__name__}") from None
