"""The functions of a Python file, and replacing one of them while every other byte stays.

A function always fills whole lines, so replacing one is replacing lines: the syntax tree says which. The standard
library's parser is used, since it knows exactly the language that runs here and is the fastest one there is.

Names are dotted without `<locals>`: `outer.inner`, `Class.method`. Where several definitions share a name (a property and
its setter, overloads, both branches of an `if`) the first has the plain name and the others `Class.x#2`, `Class.x#3`.
"""

import ast
import codecs
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from soloist_tools.indentation import indented_like, inside_strings, leading, may_hold_long_string, outdented
from soloist_tools.parsing import parsed

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # what the parser takes for a line; str.splitlines knows more kinds
_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


@dataclass(frozen=True, slots=True)
class FunctionSpan:
    """Where a function stands. Lines count from 1; `last_line` is included."""

    qualname: str
    first_line: int
    """Of the first decorator, or of the `def`."""
    def_line: int
    last_line: int
    is_async: bool
    parameters: tuple[str, ...]
    """Names in order, `*args` and `**kwargs` without their stars."""


def functions(source: bytes | str) -> tuple[FunctionSpan, ...]:
    """All functions of a file, nested ones included, in order of their lines. Raises ValueError when it can't be parsed."""
    text = source if isinstance(source, str) else _decoded(source)[0]
    lines = _LINE.findall(text)
    return tuple(_span(name, node, lines) for name, node in _definitions(parsed(text)))


def function_source(source: bytes | str, name: str) -> str:
    """The text of one function as if it stood alone: not indented, with its decorators, lines ending in a line feed.

    Raises ValueError when the file can't be parsed or has no such function.
    """
    return FunctionSlot(source.encode() if isinstance(source, str) else source, name).source


def replace_function(source: bytes, name: str, new: str) -> bytes:
    """The file with one function, decorators included, replaced by `new`; see `FunctionSlot.put`."""
    replaced = FunctionSlot(source, name).put(new)
    parsed(_decoded(replaced)[0])
    return replaced


class FunctionSlot:
    """One function's place in a file, for trying many replacements: finding it costs a parse of the file, each `put` only one of
    the new function."""

    def __init__(self, source: bytes, name: str) -> None:
        """Raises ValueError when the file can't be parsed or has no function of that name."""
        text, self._encoding = _decoded(source)
        lines = _LINE.findall(text)
        node = _named(parsed(text), name)
        span = _span(name, node, lines)
        self.span = span
        bom = len(codecs.BOM_UTF8) if source.startswith(codecs.BOM_UTF8) else 0
        raw = source[bom:].splitlines(keepends=True)
        self._head = source[:bom] + b"".join(raw[: span.first_line - 1])
        self._old = raw[span.first_line - 1 : span.last_line]
        self._tail = b"".join(raw[span.last_line :])
        self._newline = _newline(self._old[0]) or _newline(raw[0]) or b"\n"
        own = [line.rstrip("\r\n") for line in lines[span.first_line - 1 : span.last_line]]
        self._prefix = leading(own[0])
        self._plain = outdented(own)
        self._inside = inside_strings(self._plain)
        self._unit = _unit(node, lines)[len(self._prefix) :] or _guessed_unit(self._prefix, lines)

    @property
    def source(self) -> str:
        """The function as it is now, as if it stood alone."""
        return "\n".join(self._plain) + "\n"

    def put(self, new: str) -> bytes:
        """The file with `new` in the function's place; all other bytes, and lines of the function that stay the same, are kept.

        `new` may be indented as a whole; it gets the indentation, line ends and encoding of the file. It may be `async` or not.
        Raises ValueError unless it is exactly one function of the same name, which the file's encoding can hold.
        """
        lines = outdented(_stripped(new))
        node = self._checked("\n".join(lines) + "\n")
        unit = _unit(node, lines)
        if unit and self._unit and ("\t" in unit) != ("\t" in self._unit):
            lines = indented_like(lines, self._unit)
        return self._head + self._laid(lines) + self._tail

    def _checked(self, text: str) -> _Definition:
        wanted = self.span.qualname.rpartition(".")[2].partition("#")[0]
        body = parsed(text).body
        if len(body) != 1 or not isinstance(body[0], _Definition):
            raise ValueError(f"the new source must be one function, {wanted}, and nothing else")
        if body[0].name != wanted:
            raise ValueError(f"the new source defines {body[0].name}, not {wanted}")
        return body[0]

    def _laid(self, lines: list[str]) -> bytes:
        """The lines as they go into the file. Those that stay the same go in byte by byte, odd white space included."""
        head = next((i for i, (old, new) in enumerate(zip(self._plain, lines, strict=False)) if old != new), None)
        head = min(len(lines), len(self._plain)) if head is None else head
        inside = self._inside_of(lines, head)
        tail = self._unchanged_end(lines, head, inside)
        middle = [
            line if not self._prefix or number in inside else (self._prefix + line if line.strip() else "")
            for number, line in enumerate(lines[head : len(lines) - tail], head)
        ]
        kept = len(self._old) - tail
        try:
            changed = [line.encode(self._encoding) + self._newline for line in middle]
        except UnicodeEncodeError as error:
            raise ValueError(f"the file is {self._encoding}, which can't hold {error.object[error.start]!r}") from None
        laid = [line if _newline(line) else line + self._newline for line in (*self._old[:head], *changed, *self._old[kept:])]
        laid[-1] = laid[-1].rstrip(b"\r\n") + _newline(self._old[-1])
        return b"".join(laid)

    def _inside_of(self, lines: list[str], head: int) -> frozenset[int]:
        """`inside_strings` of lines of which the first `head` are the old ones; what is known of those is used."""
        if not self._prefix or (head not in self._inside and not may_hold_long_string(lines[head:])):
            return frozenset(number for number in self._inside if number <= head)
        return inside_strings(lines)

    def _unchanged_end(self, lines: list[str], head: int, inside: frozenset[int]) -> int:
        """How many lines after `head`, counted from the end, are as they were."""
        old, longest, tail = self._plain, min(len(lines), len(self._plain)) - head, 0
        while tail < longest and old[-1 - tail] == lines[-1 - tail]:
            if self._prefix and (len(lines) - 1 - tail in inside) != (len(old) - 1 - tail in self._inside):
                break  # a line of a string now, of code before: its white space means something else
            tail += 1
        return tail


def _decoded(source: bytes) -> tuple[str, str]:
    """The text without a byte order mark, and the encoding to write it with (PEP 263)."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        return source.decode(encoding), "utf-8" if encoding == "utf-8-sig" else encoding
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ValueError(f"can't decode the Python source: {error}") from None


def _definitions(tree: ast.Module) -> Iterator[tuple[str, _Definition]]:
    seen: Counter[str] = Counter()
    waiting: list[tuple[str, ast.AST]] = [("", tree)]
    while waiting:  # not recursive: a long chain of `elif` is deeply nested
        scope, node = waiting.pop()
        if isinstance(node, _Definition):
            scope = f"{scope}{node.name}"
            seen[scope] += 1
            yield (scope if seen[scope] == 1 else f"{scope}#{seen[scope]}"), node
            scope += "."
        elif isinstance(node, ast.ClassDef):
            scope = f"{scope}{node.name}."
        children = [child for block in _BLOCKS for child in getattr(node, block, ())]
        waiting.extend((scope, child) for child in reversed(children))


def _named(tree: ast.Module, name: str) -> _Definition:
    for found, node in _definitions(tree):
        if found == name:
            return node
    raise ValueError(f"there is no function {name} in this source")


def _span(name: str, node: _Definition, lines: list[str]) -> FunctionSpan:
    first = node.lineno
    if node.decorator_list:
        first = node.decorator_list[0].lineno
        while not lines[first - 1].lstrip().startswith("@"):
            first -= 1  # `@(` and the decorator itself on different lines
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return FunctionSpan(
        qualname=name,
        first_line=first,
        def_line=node.lineno,
        last_line=node.end_lineno or node.lineno,
        is_async=isinstance(node, ast.AsyncFunctionDef),
        parameters=tuple(argument.arg for argument in named if argument is not None),
    )


def _unit(node: _Definition, lines: list[str]) -> str:
    """What indents the function's body, from the line's start; empty for a body on the line of the `def`."""
    line = lines[node.body[0].lineno - 1]
    space = leading(line)
    return space if node.body[0].lineno > node.lineno and len(space) == node.body[0].col_offset else ""


def _guessed_unit(prefix: str, lines: list[str]) -> str:
    space = prefix or next((leading(line) for line in lines if line.strip() and line[0] in " \t"), "")
    return "\t" if "\t" in space else " " * 4 if space else ""


def _newline(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]


def _stripped(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else [""]
