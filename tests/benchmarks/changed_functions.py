"""Which functions did a real fix change? The yardstick for fault localisation."""

import re
from collections.abc import Iterable
from pathlib import Path

from soloist_agents.contract import Gathered
from soloist_tools.functions import functions

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+")


def changed_lines(diff: str) -> dict[str, set[int]]:
    """Path -> lines of the old text that the diff removes or, where it only adds, the lines around the addition."""
    found: dict[str, set[int]] = {}
    path, line = "", 0
    for text in diff.splitlines():
        if text.startswith("--- "):
            path = text.removeprefix("--- ").removeprefix("a/")
        elif hunk := HUNK.match(text):
            line = int(hunk[1])
        elif text.startswith("-"):
            found.setdefault(path, set()).add(line)
            line += 1
        elif text.startswith("+") and not text.startswith("+++"):
            found.setdefault(path, set()).update({line - 1, line})
        elif text.startswith(" "):
            line += 1
    return found


def changed_functions(tree: Path, diff: str) -> set[str]:
    """`path::name` of the outermost functions that the diff changes; none for changes at the level of modules or classes."""
    targets: set[str] = set()
    for path, lines in changed_lines(diff).items():
        if path.endswith(".py") and (tree / path).is_file():
            spans = functions((tree / path).read_bytes())
            held = [span for span in spans if lines & set(range(span.first_line, span.last_line + 1))]
            outer = [
                s
                for s in held
                if not any(o is not s and o.first_line <= s.first_line and s.last_line <= o.last_line for o in spans)
            ]
            targets |= {f"{path}::{span.qualname}" for span in outer}
    return targets


def rank(suspects: Iterable[str], targets: set[str]) -> int | None:
    """1 for the first suspect that is a target; None where none is."""
    return next((place for place, suspect in enumerate(suspects, 1) if suspect in targets), None)


def suspects_of(gathered: Gathered) -> list[str]:
    """The suspects' targets, most suspicious first."""
    return [suspect.target for suspect in gathered.suspects]
