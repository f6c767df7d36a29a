"""Find the function in its file, and take it out as text that stands alone."""

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass

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
    owner, node = _descend(module, path, name)
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    lines = split_lines(source)[first - 1 : node.end_lineno]
    newline = "\r\n" if "\r\n" in source else "\n"
    text = _dedented(lines)
    return Target(text if text.endswith("\n") else text + newline, first, newline, node, owner, module)


def parse(source: str, path: str) -> ast.Module:
    """`ast.parse` without the warnings that the source may deserve. Raises ValueError where it doesn't parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"{path} can't be parsed: {error}; search edits only code that parses") from None


def split_lines(text: str) -> list[str]:
    """Lines with their ends, cut where Python cuts (`str.splitlines` also cuts at form feeds and others)."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


def _descend(module: ast.Module, path: str, name: str) -> tuple[ast.ClassDef | None, Definition]:
    here: ast.AST = module
    owner: ast.ClassDef | None = None
    for part in name.split("."):
        owner = here if isinstance(here, ast.ClassDef) else None
        found = [n for n in _definitions(here) if n.name == part]
        if not found:
            raise ValueError(f"no function {name!r} in {path}: {part!r} is not defined there; give it as path::Class.method")
        here = found[-1]  # the last definition is the one that counts when the file runs
    if isinstance(here, ast.ClassDef):
        raise ValueError(f"{name!r} in {path} is a class; name one of its methods, as path::{name}.method")
    assert isinstance(here, Definition)  # noqa: S101 - for the type checker
    return owner, here


def _definitions(scope: ast.AST) -> list[Definition | ast.ClassDef]:
    """Functions and classes of this scope, also those under `if`, `try` or `with`, in order."""
    found: list[Definition | ast.ClassDef] = []
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, Definition | ast.ClassDef):
            found.append(child)
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            found.extend(_definitions(child))
    return found


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
