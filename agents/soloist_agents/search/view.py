"""What an operator sees: the function's tree and words, and the ways to say a change."""

from bisect import bisect
from functools import cached_property

import libcst as cst

from soloist_agents.search import precedence
from soloist_agents.search.change import Change, Splice
from soloist_agents.search.names import Names
from soloist_agents.search.suspicion import Suspicion
from soloist_agents.search.target import Target
from soloist_agents.search.tree import Site, Tree, is_statement, statement_of
from soloist_agents.search.uses import is_stored, value_of
from soloist_agents.search.vocabulary import Vocabulary, builtin

MOST_EXPRESSIONS = 40
MOST_CONDITIONS = 12
NEGLECT = 3.0
"""How much likelier an edit is that gives a use to a neglected name."""
MOST_PLACES = 30
"""Statements of a long function that are worth edits of which there are very many, the most suspicious ones."""


class View:
    """One function, ready for operators."""

    def __init__(self, target: Target, suspicion: Suspicion | None = None) -> None:
        self.target = target
        self._suspicion = suspicion or {}
        self.tree = Tree(target.text)
        self.names = Names(self.tree)
        self.words = Vocabulary(target)
        self.newline = target.newline
        self.text = target.text
        self._line_ends = [place for place, char in enumerate(target.text) if char == "\n"]
        self._needed: dict[Site, tuple[str, ...]] = {}

    # Saying a change ---------------------------------------------------------------------------------------------

    def code(self, site: Site, need: int = precedence.LOOSE) -> str:
        """The site's code, parenthesised where it binds less than `need`."""
        return self.tree.code(site, need)

    def put(self, site: Site, code: str, binds: int = precedence.ATOM, weight: float = 1.0) -> Change:
        """Replace an expression by code that binds so tightly; parentheses are kept or added as the place needs them."""
        return Change((self.splice(site, code, binds),), weight)

    def splice(self, site: Site, code: str, binds: int = precedence.ATOM) -> Splice:
        """As `put`, to be combined with other pieces."""
        if site.wrapped:
            return Splice(site.start, site.end, code)
        return Splice(site.left, site.right, f"({code})" if binds < site.needs else self._apart(site, code))

    def put_site(self, site: Site, other: Site, weight: float = 1.0) -> Change:
        """Replace an expression by the code of another one."""
        return self.put(site, self.code(other), other.binds, weight)

    def swap(self, one: Site, other: Site, weight: float = 1.0) -> Change:
        """Exchange two expressions that don't hold each other."""
        return Change((self.splice(one, self.code(other), other.binds), self.splice(other, self.code(one), one.binds)), weight)

    def token(self, site: Site, code: str, weight: float = 1.0) -> Change:
        """Replace an operator, a name or a keyword."""
        return Change((Splice(site.start, site.end, code),), weight)

    def _apart(self, site: Site, code: str) -> str:
        """Keep `return(x)` from becoming `returny`."""
        before = self.text[site.left - 1 : site.left]
        return f" {code}" if (before.isalnum() or before == "_") and site.left < site.start else code

    # Names -------------------------------------------------------------------------------------------------------

    def others(self, site: Site, name: str) -> list[tuple[str, float]]:
        """Names that could stand here instead of `name`, with their likeness to it."""
        names = [n for n in self.names.visible(site) if n not in (name, "_")]
        return [(n, self.names.likeness(name, n) * self.urgency(n)) for n in names]

    def urgency(self, name: str) -> float:
        """How much likelier a name is because the function neglects it."""
        return NEGLECT if self.names.neglected(name) else 1.0

    def functions(self) -> list[str]:
        """Names of functions called in the file or defined at its top level."""
        seen = dict.fromkeys(name for name, _ in self.words.functions.most_common(20))
        return [n for n in (*seen, *self.words.callables) if n in self.words.top or builtin(n) or n in self.names.uses]

    def defines(self, name: str) -> bool:
        """True for the function itself and the functions inside it."""
        return any(isinstance(s.node, cst.FunctionDef) and s.node.name.value == name for s in self.tree.sites)

    @cached_property
    def module_values(self) -> list[str]:
        """Constants and variables of the file's top level."""
        called = {*self.words.callables, *self.words.functions}
        used = {value_of(s) for s in self.tree.of(cst.Name)}
        return [n for n in self.words.top if n not in called and (n.isupper() or n in used)]

    # Seen code ---------------------------------------------------------------------------------------------------

    def expressions(self, place: Site) -> list[Site]:
        """The nearest calls, subscripts, attributes, operations and names that are read and that have a value at the place."""
        return self._runnable(self._expressions, place, MOST_EXPRESSIONS)

    def conditions(self, place: Site) -> list[Site]:
        """The nearest tests of the function and operands of their `and` and `or`, that have a value at the place."""
        return self._runnable(self._conditions, place, MOST_CONDITIONS)

    def simple_statements(self, place: Site, most: int) -> list[Site]:
        """The nearest one-line statements other than jumps, that could run at the place."""
        return self._runnable(self._simple, place, most)

    def _runnable(self, all_of: dict[str, Site], place: Site, most: int) -> list[Site]:
        near = sorted(all_of.values(), key=lambda s: (abs(s.start - place.start), s.start))
        return [s for s in near[:most] if self.runs_at(s, place)]

    @cached_property
    def _expressions(self) -> dict[str, Site]:
        kinds = (cst.Name, cst.Call, cst.Subscript, cst.Attribute, cst.BinaryOperation, cst.List, cst.UnaryOperation)
        found: dict[str, Site] = {}
        for site in self.tree.of(*kinds):
            code = self.code(site)
            if site.expression and len(code) <= 60 and "\n" not in code and not self.stored(site):
                found.setdefault(code, site)
        return found

    @cached_property
    def _conditions(self) -> dict[str, Site]:
        found: dict[str, Site] = {}
        for site in self.tree.sites:
            joined = isinstance(site.parent and site.parent.node, cst.BooleanOperation)
            if (joined or site.slot == "test") and site.expression:
                found.setdefault(self.code(site), site)
        for site in self.tree.of(cst.Comparison):
            found.setdefault(self.code(site), site)
        return found

    @cached_property
    def _simple(self) -> dict[str, Site]:
        jumps = (cst.Return, cst.Raise, cst.Break, cst.Continue, cst.Pass)
        lines = [s for s in self.statements if isinstance(s.node, cst.SimpleStatementLine)]
        return {self.code(s): s for s in reversed(lines) if not isinstance(s.children[0].node, jumps)}

    def stored(self, site: Site) -> bool:
        """True for an expression that is assigned to, deleted or is a target of a loop."""
        return any(s.slot == "target" for s in (site, *site.up()) if not is_statement(s))

    def runs_at(self, code: Site, place: Site) -> bool:
        """True where every local name in the code has a value at the place."""
        return all(self.names.defined(name, place) for name in self._needs(code))

    def _needs(self, code: Site) -> tuple[str, ...]:
        """Local names that the code reads and doesn't bind itself."""
        if code not in self._needed:
            names = [s for s in code.down() if isinstance(s.node, cst.Name)]
            bound = {value_of(s) for s in names if is_stored(s)}
            read = {value_of(s) for s in names if s.expression and not is_stored(s)}
            self._needed[code] = tuple(sorted(n for n in read - bound if self.names.local(n)))
        return self._needed[code]

    # Statements --------------------------------------------------------------------------------------------------

    @cached_property
    def statements(self) -> list[Site]:
        """Statements that stand in an indented block, in order; docstrings and imports left out."""
        return [s for s in self.tree.sites if is_statement(s) and s.slot == "body" and self._in_block(s) and not self._inert(s)]

    @cached_property
    def places(self) -> list[Site]:
        """The statements to insert at, wrap or move: all, or in a long function the most suspicious ones."""
        return [s for s in self.statements if s.lines[0] in self.focus]

    @cached_property
    def focus(self) -> set[int]:
        """Lines that are worth edits of which there are very many."""
        starts = [s.lines[0] for s in self.statements]
        best = sorted(starts, key=lambda line: (-self._suspicion.get(line, 0.0), line))[:MOST_PLACES]
        bounds = {start: end for start, end in zip(starts, [*starts[1:], len(self._line_ends) + 1], strict=True) if start in best}
        return {line for start, end in bounds.items() for line in range(start, max(end, start + 1))}

    def _in_block(self, site: Site) -> bool:
        return site.parent is not None and isinstance(site.parent.node, cst.IndentedBlock)

    def _inert(self, site: Site) -> bool:
        body = site.node.body if isinstance(site.node, cst.SimpleStatementLine) else ()
        docstring = len(body) == 1 and isinstance(body[0], cst.Expr) and isinstance(body[0].value, cst.SimpleString)
        return docstring or any(isinstance(b, cst.Import | cst.ImportFrom | cst.Global | cst.Nonlocal) for b in body)

    def indent(self, statement: Site) -> str:
        """The white space in front of a statement."""
        return self.text[self.line_start(statement.start) : statement.start]

    def line_start(self, place: int) -> int:
        """Where the line begins that holds this place of the text."""
        return max(self.text.rfind("\n", 0, place), self.text.rfind("\r", 0, place)) + 1

    def span(self, statement: Site) -> tuple[int, int]:
        """Whole lines of a statement, the last line end included."""
        end = self.text.find("\n", statement.end)
        return self.line_start(statement.start), (end + 1 if end >= 0 else len(self.text))

    def line_of(self, place: int) -> int:
        """The line, counted from 1, that holds this place of the text."""
        return bisect(self._line_ends, place - 1) + 1

    def before(self, statement: Site, *lines: str) -> Splice:
        """Insert lines in front of a statement; a tab in front of one stands for a level of indentation."""
        start = self.span(statement)[0]
        return Splice(start, start, self._indented(statement, lines))

    def after(self, statement: Site, *lines: str) -> Splice:
        """Insert lines behind a statement."""
        end = self.span(statement)[1]
        return Splice(end, end, self._indented(statement, lines))

    def cut(self, statement: Site) -> Splice:
        """Take a statement's lines out; a block left empty gets `pass`."""
        start, end = self.span(statement)
        alone = statement.parent is not None and len(statement.parent.among("body")) == 1
        return Splice(start, end, f"{self.indent(statement)}pass{self.newline}" if alone else "")

    def block(self, statement: Site, shift: int = 0) -> str | None:
        """A statement's lines, moved by `shift` units of indentation; None where a string spans its lines."""
        start, end = self.span(statement)
        text = self.text[start:end]
        if shift == 0:
            return text
        if '"""' in text or "'''" in text:
            return None
        lines = text.splitlines(keepends=True)
        if shift > 0:
            return "".join(self.tree.unit * shift + line if line.strip() else line for line in lines)
        return "".join(line.removeprefix(self.tree.unit * -shift) for line in lines)

    def _indented(self, statement: Site, lines: tuple[str, ...]) -> str:
        prefix = self.indent(statement)
        depths = [len(line) - len(line.lstrip("\t")) for line in lines]
        return "".join(
            prefix + self.tree.unit * depth + line[depth:] + self.newline for line, depth in zip(lines, depths, strict=True)
        )

    def statement(self, site: Site) -> Site:
        """The statement that a site belongs to."""
        return statement_of(site)
