"""What a search finds, and what an index says about itself."""

from collections.abc import Mapping

from soloist_sandbox.contract import Value

from soloist_tools.retrieval.lanes import Lane


class Hit(Value):
    """A chunk of a file that fits the question. Its text stays in the tree: read the lines."""

    path: str
    """Relative to the root, POSIX."""
    first: int
    """Line, from 1."""
    last: int
    """Line, included."""
    symbol: str
    """Dotted name or heading; "" between definitions."""
    kind: str
    """"function", "class", "section", "text", "module"..."""
    lane: Lane
    score: float
    """Comparable within one search only; the best possible is about 1.5."""
    why: str
    """The words that brought it here, most telling first."""


class Stats(Value):
    """An index in numbers."""

    files: int
    """Files of the tree that can be found."""
    chunks: int
    skipped: Mapping[str, int]
    """Reason -> files left out. What `.gitignore` names is not counted: it is not seen."""
    read: int
    """Files that the last refresh read."""
    split: int
    """Files among them whose content was new to the store."""
    commits: int
    """Of the history that is heard."""
    stored: int
    """Bytes on disk."""
