"""One function out of a program, with what it needs."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from soloist_tools.functions import FunctionSpan, functions
from soloist_tools.functions import function_source as source_of
from soloist_tools.parsing import parsed

from soloist_agents.extract.names import Definition, bound, wanted


@dataclass(frozen=True, slots=True)
class Extracted:
    """A function and what the program brought for it. Every text ends in a line feed."""

    function: str
    """The whole function as if it stood alone, its decorators and the comments right above it included."""
    imports: tuple[str, ...] = ()
    """Imports that the function or its helpers use, in the program's order; `from __future__` and star imports always."""
    helpers: tuple[str, ...] = ()
    """Other functions, classes and values of the program that it uses, directly or through each other, in the program's order."""


def function_source(program: str, qualname: str) -> Extracted | None:
    """The function `f` or `Class.method` of a program. A method may also stand alone, lifted out of its class.

    Of several definitions at one level the last counts, as when the program runs. None when it can't be parsed or has no such
    function.
    """
    try:
        tree, spans = parsed(program), functions(program)
    except ValueError:
        return None
    span = _named(spans, qualname) or _named(spans, qualname.rpartition(".")[2])
    if span is None:
        return None
    lines = program.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    above = [line.strip() + "\n" for line in lines[_first_line(lines, span) - 1 : span.first_line - 1]]
    function = "".join(above) + source_of(program, span.qualname)
    imports, helpers = _brought(tree.body, function, span)
    return Extracted(
        function,
        tuple(_text(lines, statement) for statement in imports),
        tuple(_text(lines, statement) for statement in helpers),
    )


def _named(spans: Sequence[FunctionSpan], qualname: str) -> FunctionSpan | None:
    """The last of that name; a property's setter and overloads are not told apart."""
    return next((span for span in reversed(spans) if span.qualname.partition("#")[0] == qualname), None)


def _first_line(lines: Sequence[str], span: FunctionSpan) -> int:
    """The first of the comment lines that stand right above, as far in as the function. A shebang is none of them."""
    line = span.first_line
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    while (
        line > 1
        and lines[line - 2].startswith("#", indent)
        and not lines[line - 2][:indent].strip()
        and lines[line - 2][:2] != "#!"
    ):
        line -= 1
    return line


def _brought(body: Sequence[ast.stmt], function: str, span: FunctionSpan) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """(imports, helpers) among the program's statements."""
    others = [statement for statement in body if not _holds(statement, span) and not _is_main(statement)]
    used = [statement for statement in others if _always(statement)]
    missing = wanted(parsed(function).body)
    seen: set[str] = set()
    while missing - seen:
        seen |= missing
        fresh = [statement for statement in others if statement not in used and bound([statement]) & missing]
        used += fresh
        missing = wanted(fresh)
    used.sort(key=lambda statement: statement.lineno)
    return [s for s in used if _imports(s)], [s for s in used if not _imports(s)]


def _holds(statement: ast.stmt, span: FunctionSpan) -> bool:
    """Is it the function, its class, or an earlier definition of either?"""
    return isinstance(statement, Definition) and statement.name == span.qualname.partition(".")[0].partition("#")[0]


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "__name__" in {n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)}


def _always(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (statement.module == "__future__" or statement.names[0].name == "*")


def _imports(statement: ast.stmt) -> bool:
    """An import, or a `try` or `if` that holds nothing else than imports of alternatives."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    blocks = [statement.body, *(h.body for h in statement.handlers)] if isinstance(statement, ast.Try) else []
    return any(isinstance(inner, ast.Import | ast.ImportFrom) for block in blocks for inner in block)


def _text(lines: Sequence[str], statement: ast.stmt) -> str:
    """The statement's whole lines, decorators included; only its own part where it shares a line."""
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    text = "\n".join(lines[first - 1 : statement.end_lineno]) + "\n"
    alone = len(parsed(text).body) == 1
    return text if alone else ast.unparse(statement) + "\n"
