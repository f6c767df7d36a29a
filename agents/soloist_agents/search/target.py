"""Find the function in its file, and take it out as text that stands alone."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from soloist_tools.functions import functions
from soloist_tools.parsing import parsed

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Target:
    """A function, taken out of its file."""

    text: str
    """Decorators and `def`, dedented, comments and line ends kept; ends with a line end."""
    first_line: int
    """The file's line number of the text's first line."""
    newline: str
    node: Definition
    owner: ast.ClassDef | None
    """The class that it is a method of."""
    module: ast.Module


def find(source: str, path: str, name: str) -> Target:
    """Take `name` (`function`, `Class.method`, `outer.inner`) out of `source`.

    Raises ValueError, in one line, where the file can't be parsed or has no such function.
    """
    module = parse(source, path)
    owner, node = _descend(module, source, path, name)
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    lines = split_lines(source)[first - 1 : node.end_lineno]
    newline = "\r\n" if "\r\n" in source else "\n"
    text = _dedented(lines)
    return Target(text if text.endswith("\n") else text + newline, first, newline, node, owner, module)


def parse(source: str, path: str) -> ast.Module:
    """The syntax tree. Raises ValueError, naming the file, where it doesn't parse."""
    try:
        return parsed(source)
    except ValueError as error:
        raise ValueError(f"{path} can't be parsed: {error}; search edits only code that parses") from None


def split_lines(text: str) -> list[str]:
    """Lines with their ends, cut where Python cuts (`str.splitlines` also cuts at form feeds and others)."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


def _descend(module: ast.Module, source: str, path: str, name: str) -> tuple[ast.ClassDef | None, Definition]:
    """The definition of that name, as `soloist_tools.functions` names them, and the class that it is a method of."""
    spans = {span.qualname: span for span in functions(source)}
    if name not in spans:
        raise ValueError(f"no function {name!r} in {path}; give it as path::function or path::Class.method")
    line = spans[name].def_line
    found = ((owner, node) for owner, node in _definitions(module, None) if node.lineno == line)
    return next(found)


def _definitions(scope: ast.AST, owner: ast.ClassDef | None) -> Iterator[tuple[ast.ClassDef | None, Definition]]:
    """All functions, nested ones too, each with the class that directly holds it."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, Definition):
            yield owner, child
            yield from _definitions(child, None)
        else:
            yield from _definitions(child, child if isinstance(child, ast.ClassDef) else owner)


def _dedented(lines: list[str]) -> str:
    """Without the first line's indentation, but never inside a string that spans lines."""
    indent = re.match(r"[ \t]*", lines[0])
    prefix = indent.group() if indent else ""
    if not prefix:
        return "".join(lines)
    frozen = _lines_inside_strings(lines)
    return "".join(line if i in frozen else line.removeprefix(prefix) for i, line in enumerate(lines))


def _lines_inside_strings(lines: list[str]) -> set[int]:
    inside: set[int] = set()
    # A block opener in front makes the indented lines a whole program; it shifts every row by one.
    text = "if 1:\n" + "".join(lines)
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if tokenize.tok_name[token.type] in ("STRING", "FSTRING_MIDDLE"):
            inside.update(range(token.start[0] - 1, token.end[0] - 1))
    return inside
