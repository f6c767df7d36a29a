"""Putting a function into a file: in place of the one that is there, or as a new one, with the imports and helper functions
that it brought along."""

import ast
import textwrap
from collections.abc import Iterator, Sequence

from soloist_tools.functions import FunctionSlot, functions
from soloist_tools.parsing import parsed


def place_function(source: bytes | None, name: str, new: str, also: Sequence[str] = ()) -> bytes:
    """The file with function `name` replaced by, or added as, `new`; `source` None means that there is no file yet.

    `also`: imports and top-level definitions that `new` needs; what the file has already under the same name stays as it is.
    Raises ValueError when the new text is no such function, or its class is not there.
    """
    before = source if source is not None else b""
    if name in {span.qualname for span in functions(before)}:
        return with_support(FunctionSlot(before, name).put(new), also)
    return with_support(_added(before, name, new), also)


def with_support(source: bytes, also: Sequence[str]) -> bytes:
    """The file with imports and definitions put in that it lacks. Raises ValueError when one of them can't be parsed."""
    text = source.decode()
    for piece in also:
        text = _with_piece(text, piece)
    return text.encode()


def _added(source: bytes, name: str, new: str) -> bytes:
    text = source.decode()
    new = textwrap.dedent(new).strip("\r\n") + "\n"
    body = parsed(new).body
    owner, _, plain = name.rpartition(".")
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef) or body[0].name != plain:
        raise ValueError(f"the new source must be one function, {plain}, and nothing else")
    if not owner:
        return (f"{text.rstrip()}\n\n\n{new}" if text.strip() else new).encode()
    return _added_to_class(text, owner, new).encode()


def _added_to_class(text: str, owner: str, new: str) -> str:
    node = next((found for path, found in _classes(parsed(text)) if path == owner), None)
    if node is None or node.end_lineno is None:
        raise ValueError(f"there is no class {owner} to hold the new method")
    lines = text.splitlines(keepends=True)
    first = lines[node.body[0].lineno - 1]
    indent = first[: len(first) - len(first.lstrip())] if node.body[0].lineno > node.lineno else " " * (node.col_offset + 4)
    head = "".join(lines[: node.end_lineno])
    return f"{head.rstrip()}\n\n{textwrap.indent(new, indent)}{''.join(lines[node.end_lineno :])}"


def _classes(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield prefix + node.name, node
            yield from _classes(node, f"{prefix}{node.name}.")


def _with_piece(text: str, piece: str) -> str:
    """The text with one import or definition, unless it has the same or one of the same name."""
    tree, nodes = parsed(text), parsed(piece).body
    wanted = {name for node in nodes for name in _bound(node)}
    if not wanted or wanted <= {name for node in tree.body for name in _bound(node)}:
        return text
    lines = text.splitlines(keepends=True)
    importing = all(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)
    at = _after_imports(tree)
    piece = piece.strip("\n") + "\n"
    if importing:
        lead = "\n" if at and at == _after_docstring(tree) else ""
        return "".join(lines[:at]) + lead + piece + _gap(lines[at:]) + "".join(lines[at:])
    rest = "".join(lines[at:]).lstrip("\n")
    return "".join(lines[:at]).rstrip("\n") + ("\n\n\n" if at else "") + piece + (f"\n\n{rest}" if rest else "")


def _gap(rest: Sequence[str]) -> str:
    """Blank lines between an import and what comes after it, where there are none yet."""
    if not rest or not rest[0].strip() or rest[0].startswith(("import ", "from ")):
        return ""
    return "\n\n" if rest[0].startswith(("def ", "class ", "async ", "@")) else "\n"


def _after_docstring(tree: ast.Module) -> int:
    return (tree.body[0].end_lineno or 0) if ast.get_docstring(tree, clean=False) is not None else 0


def _after_imports(tree: ast.Module) -> int:
    """Lines up to the end of the leading imports, docstring included."""
    last = _after_docstring(tree)
    for node in tree.body[1 if last else 0 :]:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node.end_lineno or last
    return last


def _bound(node: ast.stmt) -> tuple[str, ...]:
    """Names that a top-level statement binds."""
    if isinstance(node, ast.Import):
        return tuple((alias.asname or alias.name.partition(".")[0]) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return tuple(alias.asname or alias.name for alias in node.names)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Assign):
        return tuple(target.id for target in node.targets if isinstance(target, ast.Name))
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return (node.target.id,)
    return ()
