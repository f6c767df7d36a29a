"""The source of failing tests: what is wanted often stands behind the line that failed."""

from collections.abc import Mapping, Sequence

from soloist_tools.functions import functions

MOST_LINES = 150


def sources_of_tests(ids: Sequence[str], tree: Mapping[str, bytes], *, numbers: bool = True) -> list[str]:
    """Each test function with the comments above it, under its place; at most `MOST_LINES` in all, whole functions only."""
    found: list[str] = []
    seen: set[tuple[str, str]] = set()
    room = MOST_LINES
    for test in ids:
        path, _, rest = test.partition("::")
        name = rest.partition("[")[0].replace("::", ".")
        if not name or path not in tree or (path, name) in seen:
            continue
        seen.add((path, name))
        part = _source(tree[path], name)
        if part is None or len(part[1]) > room:
            continue
        first, lines = part
        room -= len(lines)
        text = "\n".join(f"{number:5d}  {line}" if numbers else line for number, line in enumerate(lines, first))
        mark = "" if numbers else "# "
        found.append(f"{mark}{path}, lines {first}-{first + len(lines) - 1}\n{text}")
    return found


def _source(raw: bytes, name: str) -> tuple[int, list[str]] | None:
    try:
        span = next((span for span in functions(raw) if span.qualname == name), None)
    except ValueError:
        return None
    if span is None:
        return None
    lines = raw.decode("utf-8", "replace").splitlines()
    first = span.first_line
    while first > 1 and lines[first - 2].lstrip().startswith("#"):
        first -= 1
    return first, lines[first - 1 : span.last_line]
