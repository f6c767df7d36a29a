"""The definitions of a source file, nested as they stand in it. Broken code gives the definitions that can still be told."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soloist_tools.retrieval.languages import GRAMMARS, Grammar, parser

if TYPE_CHECKING:
    from tree_sitter import Node

_LEAVES = frozenset(("function", "method", "constructor", "macro"))  # what is defined inside them belongs to them
_FUNCTION_VALUES = frozenset(("arrow_function", "function_expression", "function", "class", "generator_function"))
_HOLDERS = frozenset(("variable_declarator", "field_definition", "public_field_definition"))
"""Define a function only when their value is one."""
_RECEIVER = re.compile(rb"(\w+)(?:\[[^\]]*\])?\s*\)$")
_DEEPEST = 40
"""Levels followed: a hostile file must not exhaust the stack."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A named part of a file. Lines count from 1; `last` is included."""

    name: str
    kind: str
    first: int
    last: int
    inner: tuple["Definition", ...] = ()


def definitions(raw: bytes, language: str) -> tuple[Definition, ...]:
    """The outermost definitions of a file in a language of `GRAMMARS`, in order."""
    return tuple(_within(parser(language).parse(raw).root_node, GRAMMARS[language], 0))


def _within(node: "Node", grammar: Grammar, depth: int, first: int | None = None) -> Iterator[Definition]:
    """The definitions below a node. `first`: the line at which its wrapper begins."""
    if depth > _DEEPEST:
        return
    for child in node.named_children:
        kind = child.type
        if kind in grammar.defines:
            found = _definition(child, grammar, depth, first)
            if found:
                yield found
            elif kind in ("struct_specifier", "union_specifier", "enum_specifier", "namespace_definition"):
                yield from _within(child, grammar, depth + 1)
        elif kind in grammar.wraps:
            yield from _within(child, grammar, depth + 1, child.start_point[0] + 1)
        elif kind in grammar.through or kind == "ERROR":
            yield from _within(child, grammar, depth + 1)


def _definition(node: "Node", grammar: Grammar, depth: int, first: int | None) -> Definition | None:
    kind = grammar.defines[node.type]
    value, body = node.child_by_field_name("value"), node.child_by_field_name("body")
    if node.type in _HOLDERS and (value is None or value.type not in _FUNCTION_VALUES):
        return None
    if node.type.endswith("_specifier") and body is None:
        return None  # `struct point p;` uses a name, it does not define it
    name = _name(node)
    if not name:
        return None
    inner = () if kind in _LEAVES or body is None else tuple(_within(body, grammar, depth + 1))
    last = node.end_point[0] + (1 if node.end_point[1] else 0)
    begins = node.start_point[0] + 1
    return Definition(name, kind, first or begins, max(last, begins), inner)


def _name(node: "Node") -> str:
    found = node.child_by_field_name("name") or node.child_by_field_name("property") or node.child_by_field_name("type")
    if found is None or (node.type == "function_definition" and node.child_by_field_name("declarator") is not None):
        found = node.child_by_field_name("declarator")
        while found is not None and (below := found.child_by_field_name("declarator")) is not None:
            found = below
    text = _text(found)
    receiver = node.child_by_field_name("receiver")
    if receiver is not None and (owner := _RECEIVER.search(receiver.text or b"")):
        return f"{owner[1].decode('utf-8', 'replace')}.{text}"
    return text


def _text(node: "Node | None") -> str:
    if node is None or node.text is None:
        return ""
    return " ".join(node.text[:200].decode("utf-8", "replace").split())
