"""Which evidence an answer is written from: what was read on purpose first; hits of a search only where there is room."""

from collections.abc import Sequence

from soloist_agents.contract import Given
from soloist_tools.evidence import Evidence

MOST_CHARACTERS = 60_000
MOST_HITS = 80
LONGEST = 12_000
"""Characters of one piece."""
ON_PURPOSE = ("read by the planner", "run by the planner")


def evidence_for_answer(found: Sequence[Evidence]) -> list[Given]:
    """Readings and runs, latest first where room is short; then single lines, merged by file, without those read already."""
    chosen: list[Given] = []
    room = MOST_CHARACTERS
    read = [e for e in found if e.why in ON_PURPOSE]
    for evidence in reversed(read):
        text = evidence.text[:LONGEST]
        if len(text) <= room:
            room -= len(text)
            chosen.append(Given(title=evidence.source.splitlines()[0], text=text))
    seen = [_range(e.source) for e in read]
    hits = [e for e in found if e.why not in ON_PURPOSE and not any(_inside(_range(e.source), other) for other in seen)]
    lines = "\n".join(f"{e.source}: {e.text.strip()}" for e in hits[:MOST_HITS])[:room]
    return [*reversed(chosen), *([Given(title="lines found by searching", text=lines)] if lines else [])]


def _range(source: str) -> tuple[str, int, int]:
    path, _, lines = source.rpartition(":")
    first, _, last = lines.partition("-")
    return (path, int(first), int(last or first)) if first.isdigit() and (last or first).isdigit() else (source, 0, 0)


def _inside(inner: tuple[str, int, int], outer: tuple[str, int, int]) -> bool:
    return inner[0] == outer[0] and outer[1] <= inner[1] and inner[2] <= outer[2]
