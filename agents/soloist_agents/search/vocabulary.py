"""The words of the file: which functions, methods, attributes, constants and keywords it already speaks."""

import ast
import builtins
from collections import Counter
from collections.abc import Iterator

from soloist_agents.search.target import Target

MOST = 12
"""How many of a kind are offered; rare words of a large file are left out."""


class Vocabulary:
    """Counts of what the file says, and what its top level defines."""

    def __init__(self, target: Target) -> None:
        self.methods: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.own: Counter[str] = Counter()
        """Attributes of `self` in the class of the function."""
        self.functions: Counter[str] = Counter()
        self.strings: Counter[str] = Counter()
        self.numbers: Counter[str] = Counter()
        self.keywords: dict[str, Counter[str]] = {}
        """Callee -> `name=value` arguments seen with it."""
        for node in ast.walk(target.module):
            self._note(node)
        for node in ast.walk(target.owner) if target.owner else ():
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                self.own[node.attr] += 1
        self.top = dict.fromkeys(_top_names(target.module))
        """Names of the top level: functions, classes, imports, constants."""
        self.callables = {
            n.name for n in target.module.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        self.predicates = [f.name for f in _one_argument_functions(target.module)]
        """Functions with a single argument, defined at the top level or inside the function."""
        self.parameters = _parameters(target.module)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=ast.Attribute(attr=name), keywords=keywords):
                self.methods[name] += 1
                self._note_keywords(name, keywords)
            case ast.Call(func=ast.Name(id=name), keywords=keywords):
                self.functions[name] += 1
                self._note_keywords(name, keywords)
            case ast.Attribute(attr=name):
                self.attributes[name] += 1
            case ast.Constant(value=str() as text) if len(text) <= 40 and "\n" not in text:
                self.strings[text] += 1
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                self.numbers[repr(number)] += 1

    def _note_keywords(self, callee: str, keywords: list[ast.keyword]) -> None:
        seen = self.keywords.setdefault(callee, Counter())
        seen.update(f"{k.arg}={ast.unparse(k.value)}" for k in keywords if k.arg and isinstance(k.value, ast.Constant | ast.Name))

    def plain_attributes(self) -> Counter[str]:
        """Attributes that are never called."""
        return Counter({name: n for name, n in self.attributes.items() if name not in self.methods})


def builtin(name: str) -> bool:
    """True for a name that Python itself defines."""
    return hasattr(builtins, name)


def _top_names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from ((a.asname or a.name).partition(".")[0] for a in names)
            case ast.Assign(targets=targets):
                yield from (t.id for t in targets if isinstance(t, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def _one_argument_functions(module: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and len(node.args.args) == 1 and not node.args.kwonlyargs:
            yield node


def _parameters(module: ast.Module) -> dict[str, tuple[str, ...]]:
    """Function name -> names of its parameters."""
    return {
        node.name: tuple(a.arg for a in (*node.args.args, *node.args.kwonlyargs))
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
