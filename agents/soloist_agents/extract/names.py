"""Which names a piece of Python gives its surroundings, and which it takes from them."""

import ast
import builtins
from collections.abc import Iterable, Iterator

_BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def defines(body: Iterable[ast.stmt], name: str) -> bool:
    """Does the code define the function, class or value? `Class.method` may stand in its class or, lifted out, alone."""
    first, _, rest = name.partition(".")
    for statement in _open(body):
        if rest and isinstance(statement, ast.ClassDef) and statement.name == first and defines(statement.body, rest):
            return True
        if rest and isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name.rpartition(".")[2]:
            return True
        if not rest and name in bound_by(statement):
            return True
    return False


def bound(body: Iterable[ast.stmt]) -> set[str]:
    """Names that the code binds at its own level, also inside `if`, `try` and loops."""
    return {name for statement in _open(body) for name in bound_by(statement)}


def bound_by(statement: ast.stmt) -> set[str]:
    """Names that one statement binds, apart from those in statements it holds."""
    if isinstance(statement, Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    own = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt | ast.ExceptHandler)]
    stored = (node for child in own for node in ast.walk(child))
    return {node.id for node in stored if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def wanted(body: Iterable[ast.stmt]) -> set[str]:
    """Names that the code reads and binds nowhere, builtins left out. Not exact about scopes: a name bound anywhere counts."""
    read: set[str] = set()
    held: set[str] = set(_BUILTIN)
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else held).add(node.id)
        elif isinstance(node, ast.arg):
            held.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            held.add(node.name)
        elif isinstance(node, Definition | ast.Import | ast.ImportFrom):
            held |= bound_by(node)
    return read - held


def _open(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of one level, with those inside blocks that make no scope of their own."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Definition):
            continue
        for block in _BLOCKS:
            for inner in getattr(node, block, ()):
                waiting += [inner] if isinstance(inner, ast.stmt) else list(inner.body)
