"""A TOML file, and on which line each of its keys stands.

tomllib tells no positions. But a TOML file is a sequence of statements, and what comes after a statement never changes whether
the text before it is valid: so the statement that brings a key in is found by parsing beginnings of the text, by bisection
over the ends of statements. Only an error, or a look at where a value came from, costs this.
"""

import bisect
import os
import re
import stat
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

MOST_BYTES: Final = 1 << 20

Part = str | int

_PIECE: Final = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'|#[^\n]*|[][{}]|\n''', re.DOTALL
)
"""What can hide or hold a line break: strings, comments, brackets."""


def _nothing(status: os.stat_result) -> str | None:
    return None


def read_regular(
    file: Path, most: int = MOST_BYTES, flags: int = 0, objection: Callable[[os.stat_result], str | None] = _nothing
) -> bytes | None:
    """A regular file's body; None when there is no file. Raises `ValueError`, in one line: not regular, too long, or objected to.

    Looks at the open file, so that nothing can be swapped between looking and reading.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)  # a FIFO must not hold us up
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise ValueError(f"{shown(file)}: can't be read ({getattr(error, 'strerror', None) or error})") from None
    try:
        status = os.fstat(descriptor)
        why = objection(status) if stat.S_ISREG(status.st_mode) else "is not a regular file"
        if why:
            raise ValueError(f"{shown(file)}: {why}")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            body = stream.read(most + 1)
    finally:
        os.close(descriptor)
    if len(body) > most:
        raise ValueError(f"{shown(file)}: is over {most >> 10} KiB, too long for settings")
    return body


def read_text(file: Path) -> str | None:
    """A regular file's text; None when there is no file. Raises `ValueError`, in one line."""
    body = read_regular(file)
    try:
        return None if body is None else body.decode()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(f"{shown(file)}:{line}: is not UTF-8") from None


def parse(text: str, file: Path) -> dict[str, Any]:
    """The file's table. Raises `ValueError`, in one line that names the file and the line."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"{shown(file)}: is nested too deep") from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(at[1]) if at else text.rstrip("\n").count("\n") + 1  # else it says "at end of document"
        raise ValueError(f"{shown(file)}:{line}: is not TOML: {str(error)[: at.start()] if at else error}") from None
    except ValueError:  # Python's limit on the digits of a number, before it becomes slow to read
        digits = re.search(r"[\d_]{4000}", text)
        line = text[: digits.start()].count("\n") + 1 if digits else 1
        raise ValueError(f"{shown(file)}:{line}: a number is too long") from None


def shown(file: Path) -> str:
    """The file's name for people: short beneath the working folder and the home folder."""
    for folder, prefix in ((Path.cwd(), ""), (Path(os.path.expanduser("~")), "~/")):  # noqa: PTH111 - Path.home() raises without a home
        if file.is_relative_to(folder):
            return prefix + str(file.relative_to(folder))
    return str(file)


def line_of(text: str, path: Sequence[Part]) -> int | None:
    """The line, from 1, on which the key at `path` (or the nearest table around it) stands; None when nothing of it is there."""
    whole = tomllib.loads(text)
    known = max((n for n in range(len(path) + 1) if _holds(whole, path[:n])), default=0)
    if not known:
        return None
    lines = text.split("\n")
    before, after = _statement(lines, _ends(text), path[:known])
    return _within(lines[before:after], path[:known]) + before + 1


def _ends(text: str) -> Sequence[int]:
    """After how many lines a statement, a comment or an empty line ends; the text must be valid TOML. Linear."""
    ends, line, depth = [0], 0, 0
    for piece in _PIECE.findall(text):
        line += piece.count("\n")
        depth += (piece in "[{") - (piece in "]}")
        if piece == "\n" and not depth:
            ends.append(line)
    return [*ends, line + 1]


def _statement(lines: Sequence[str], ends: Sequence[int], path: Sequence[Part]) -> tuple[int, int]:
    """The statement that brings `path` in: lines [before, after), counted from 0."""

    def there(n: int) -> bool:
        return _holds(tomllib.loads("\n".join(lines[: ends[n]]) + "\n"), path)

    n = bisect.bisect_left(range(1, len(ends)), True, key=there) + 1
    return ends[n - 1], ends[n]


def _holds(data: Any, path: Sequence[Part]) -> bool:
    for part in path:
        if isinstance(part, int) and isinstance(data, list):
            if part >= len(data):
                return False
        elif not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _within(statement: Sequence[str], path: Sequence[Part]) -> int:
    """In a statement over several lines, the line where the key is written; in a list, where its own item writes it."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    item = next((part for part in reversed(path) if isinstance(part, int)), 0)
    written = re.compile(rf"""(?<![\w"'-])["']?{re.escape(key)}["']?\s*[=.]""")
    found = [n for n, line in enumerate(statement) if written.search(line)]
    return found[min(item, len(found) - 1)] if found else 0
