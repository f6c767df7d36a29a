"""Citations: `path:line` or `path:first-last`, and whether what they name is there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from soloist_tools.tree import Tree

_CITATION = re.compile(r"(?<![\w/.-])([\w.-]+(?:/[\w.-]+)*\.?[\w-]*):(\d{1,7})(?:\s?[-\u2013]\s?(\d{1,7}))?(?![\w:])")


@dataclass(frozen=True)
class Citation:
    """Lines of a file, counted from 1."""

    path: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path}:{self.first}" + (f"-{self.last}" if self.last != self.first else "")


def citations(text: str) -> Iterator[Citation]:
    """What looks like a citation, each place once."""
    seen = set()
    for found in _CITATION.finditer(text):
        path, first, last = found.group(1), int(found.group(2)), int(found.group(3) or found.group(2))
        if not _names_a_file(path):
            continue
        citation = Citation(path, first, last)
        if citation not in seen:
            seen.add(citation)
            yield citation


def missing_citations(text: str, tree: Tree) -> str:
    """What is wrong with an answer's citations, in one line; empty when there are some and each of them exists."""
    found = list(citations(text))
    if not found:
        return "the answer cites no place; cite each claim as path:line"
    wrong = [f"{citation} ({fault})" for citation in found if (fault := _fault(citation, tree))]
    return f"these citations do not exist: {', '.join(wrong)}" if wrong else ""


def _names_a_file(path: str) -> bool:
    """A host with its port, a time of day or a ratio is no citation."""
    name = path.rpartition("/")[2]
    return ("/" in path or "." in name) and not re.fullmatch(r"[\d.]+", path) and path != "localhost"


def _fault(citation: Citation, tree: Tree) -> str:
    content = tree.read(citation.path)
    if content is None:
        return "no such file"
    lines = len(content.splitlines())
    if not 1 <= citation.first <= citation.last <= lines:
        return f"the file has {lines} lines"
    return ""
