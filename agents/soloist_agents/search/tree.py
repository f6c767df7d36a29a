"""The function's syntax tree, with the place of every node in the text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from soloist_agents.search import precedence
from soloist_agents.search.target import split_lines

Definition = cst.FunctionDef
_SPACE = (cst.BaseParenthesizableWhitespace, cst.TrailingWhitespace, cst.EmptyLine, cst.Newline, cst.Comment)
_NOT_CODE = (*_SPACE, cst.Annotation, cst.Decorator, cst.Comma, cst.Dot, cst.Semicolon, cst.Colon, cst.AssignEqual)
_NOT_CODE_EITHER = (cst.LeftParen, cst.RightParen, cst.LeftSquareBracket, cst.RightSquareBracket, cst.Asynchronous)
_COMPOUND = (cst.If, cst.For, cst.While, cst.Try, cst.With, cst.FunctionDef, cst.ClassDef, cst.Match)
_NOT_READ = ("attr", "keyword", "name", "target", "asname", "params")
_SCOPES = (cst.FunctionDef, cst.Lambda, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp)


@dataclass(slots=True, eq=False)
class Site:
    """A node and its place. `start`..`end` leave its own parentheses out; `left`..`right` hold them."""

    node: cst.CSTNode
    parent: "Site | None"
    slot: str
    index: int
    start: int
    end: int
    left: int
    right: int
    lines: tuple[int, int]
    """First and last line of the text, counted from 1."""
    wrapped: bool
    """It has parentheses of its own that aren't part of what it is."""
    binds: int
    """How tightly the code of `left`..`right` binds."""
    needs: int
    """How tightly other code must bind to stand here without parentheses."""
    expression: bool
    """It is read: not stored to, and not the mere name of an argument or an attribute."""
    children: list["Site"] = field(default_factory=list)

    def child(self, slot: str) -> "Site | None":
        """The only child in this slot."""
        return next((c for c in self.children if c.slot == slot), None)

    def among(self, slot: str) -> list["Site"]:
        """All children in this slot, in order."""
        return [c for c in self.children if c.slot == slot]

    def up(self) -> Iterator["Site"]:
        """The parent, its parent, and so on."""
        here = self.parent
        while here is not None:
            yield here
            here = here.parent

    def down(self) -> Iterator["Site"]:
        """The site itself and all below, in order of the source."""
        yield self
        for child in self.children:
            yield from child.down()

    def above(self, *kinds: type[cst.CSTNode]) -> "Site | None":
        """The nearest ancestor of one of these kinds."""
        return next((s for s in self.up() if isinstance(s.node, kinds)), None)


class Tree:
    """All sites of one function, in order of the source."""

    def __init__(self, text: str) -> None:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self._positions = wrapper.resolve(PositionProvider)
        self._starts = _line_starts(text)
        self.text = text
        self.unit = wrapper.module.default_indent
        function = next(n for n in wrapper.module.body if isinstance(n, Definition))
        self.root = self._grow(function, None, "", 0)
        self.sites = tuple(self.root.down())

    def of(self, *kinds: type[cst.CSTNode]) -> list[Site]:
        """All sites whose node is of one of these kinds."""
        return [site for site in self.sites if isinstance(site.node, kinds)]

    def code(self, site: Site, need: int = precedence.LOOSE) -> str:
        """The site's code, in parentheses where it binds less than `need` or its line breaks need them."""
        own = self.text[site.left : site.right]
        loose = site.binds < need or ("\n" in own and site.binds < precedence.ATOM)
        return f"({own})" if loose else own

    def _grow(self, node: cst.CSTNode, parent: Site | None, slot: str, index: int) -> Site:
        where = self._positions[node]
        start, end = self._offsets(where)
        left, right = start, end
        if isinstance(node, cst.BaseExpression) and node.lpar:
            left = self._offsets(self._positions[node.lpar[0]])[0]
            right = self._offsets(self._positions[node.rpar[-1]])[1]
        lines = (where.start.line, where.end.line)
        site = Site(node, parent, slot, index, start, end, left, right, lines, *_nature(node, parent, slot))
        for name in _slots(type(node)):
            value = getattr(node, name)
            for i, child in enumerate(value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)):
                if isinstance(child, cst.CSTNode) and not isinstance(child, _NOT_CODE + _NOT_CODE_EITHER):
                    site.children.append(self._grow(child, site, name, i))
        site.children.sort(key=lambda s: (s.left, s.right))
        return site

    def _offsets(self, where: CodeRange) -> tuple[int, int]:
        return (
            self._starts[where.start.line - 1] + where.start.column,
            self._starts[where.end.line - 1] + where.end.column,
        )


def _nature(node: cst.CSTNode, parent: Site | None, slot: str) -> tuple[bool, int, int, bool]:
    """`wrapped`, `binds`, `needs` and `expression` of a site."""
    own = isinstance(node, cst.BaseExpression) and bool(node.lpar)
    return (
        own and not isinstance(node, cst.Tuple | cst.GeneratorExp),
        precedence.ATOM if own else precedence.of(node),
        precedence.needed(parent.node, slot) if parent else precedence.LOOSE,
        isinstance(node, cst.BaseExpression) and slot not in _NOT_READ,
    )


def scope_of(site: Site) -> Site | None:
    """The function, lambda or comprehension that the site stands in."""
    return site.above(*_SCOPES)


def statement_of(site: Site) -> Site:
    """The statement line or compound statement that the site belongs to (itself, where it is one)."""
    here = site
    while here.parent is not None and not is_statement(here):
        here = here.parent
    return here


def is_statement(site: Site) -> bool:
    """A whole line, a one-line body or a compound statement."""
    return isinstance(site.node, (cst.SimpleStatementLine, cst.SimpleStatementSuite, *_COMPOUND))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in split_lines(text):
        starts.append(starts[-1] + len(line))
    return starts


@cache
def _slots(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """Fields that hold code, not white space."""
    skipped = ("lpar", "rpar", "leading_lines", "header", "footer", "trailing_whitespace", "comma", "indent")
    return tuple(name for name in kind.__dataclass_fields__ if name not in skipped and "whitespace" not in name)
