"""What a solver sees of a long file: imports, the function to be written, and what that function or the problem speaks of."""

import ast
from collections.abc import Iterator

from soloist_tools.parsing import parsed

SHORT = 25
"""Lines of a definition that is spoken of and still shown whole; of a longer one the head."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def outlined(source: str, name: str, words: set[str]) -> list[str]:
    """Lines of the excerpt. `name`: the function, shown whole where it is there; `words`: what is spoken of.

    Raises ValueError when the file can't be parsed.
    """
    lines = source.splitlines()
    return list(_body(parsed(source).body, lines, name.partition("#")[0].split("."), words))


def _body(body: list[ast.stmt], lines: list[str], target: list[str], words: set[str]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from lines[node.lineno - 1 : node.end_lineno]
        elif isinstance(node, ast.ClassDef) and target and node.name == target[0] and len(target) > 1:
            yield from ["", *_head(node, lines), *_body(node.body, lines, target[1:], words)]
        elif isinstance(node, Definition):
            yield from _definition(node, lines, target, words)
        elif _bound(node) & words:
            yield from _short(node, lines)


def _definition(node: Definition, lines: list[str], target: list[str], words: set[str]) -> Iterator[str]:
    whole = [node.name] == target or (node.name in words and _length(node) <= SHORT)
    if whole:
        yield from ["", *lines[_first(node) - 1 : node.end_lineno]]
    elif node.name in words or node.name == "__init__":
        indent = " " * (node.col_offset + 4)
        yield from ["", *_head(node, lines), f"{indent}..."]


def _head(node: Definition, lines: list[str]) -> list[str]:
    """Decorators and the definition up to its body."""
    return lines[_first(node) - 1 : max(node.body[0].lineno - 1, node.lineno)]


def _short(node: ast.stmt, lines: list[str]) -> list[str]:
    text = lines[node.lineno - 1 : node.end_lineno]
    return text if len(text) <= SHORT else [*text[:SHORT], "    ..."]


def _first(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _bound(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}
