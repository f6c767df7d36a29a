"""Finding a literal text in a tree: sources first, then tests, then the rest."""

from collections.abc import Sequence

from soloist_tools.showing import cut, numbered
from soloist_tools.tree import Tree

MOST_COUNTED = 2_000
"""Hits after which no further file is searched."""
LARGEST_SEARCHED = 1_000_000
"""Bytes of a file that is still searched."""

Hit = tuple[str, int, str]
"""Path, line number, and the line."""


def hits(tree: Tree, text: str, folder: str) -> list[Hit]:
    """Every line that holds the text, in any case, below a folder (or in one file)."""
    found: list[Hit] = []
    wanted = text.casefold()
    for path in sorted(tree, key=_sources_first):
        if folder != "." and path != folder and not path.startswith(f"{folder}/"):
            continue
        raw = tree.read(path) or b""
        if len(raw) > LARGEST_SEARCHED or b"\0" in raw[:8192]:
            continue
        lines = raw.decode("utf-8", "replace").splitlines()
        found += [(path, number, cut(line)) for number, line in enumerate(lines, 1) if wanted in line.casefold()]
        if len(found) > MOST_COUNTED:
            break
    return found


def windows(tree: Tree, found: Sequence[Hit], context: int) -> list[str]:
    """The hits with lines around them; windows that touch are one."""
    merged: list[tuple[str, int, int]] = []
    for path, number, _ in found:
        first, last = max(1, number - context), number + context
        if merged and merged[-1][0] == path and first <= merged[-1][2] + 1:
            merged[-1] = (path, merged[-1][1], last)
        else:
            merged.append((path, first, last))
    parts = []
    for path, first, last in merged:
        lines = (tree.read(path) or b"").decode("utf-8", "replace").splitlines()[first - 1 : last]
        parts.append(f"{path}, lines {first}-{first + len(lines) - 1}\n{numbered(lines, first)}")
    return parts


def _sources_first(path: str) -> tuple[int, str]:
    is_test = "test" in path
    return (2 if not path.endswith(".py") else 1 if is_test else 0), path
