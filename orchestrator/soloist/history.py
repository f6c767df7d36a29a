"""What each author's samples were worth where a check could tell: over all runs that share a state folder.

A sample that was judged by running a check, or by comparison with a known answer, is told apart as passed or failed. A vote on
an answer that nothing can check then weighs its samples by it (`selection.reliability`).
"""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from soloist.rundir import state_folder

ENOUGH: Final = 8
"""Judged samples of an author below which nothing is said."""
MOST_READ: Final = 1 << 20
"""Bytes of the record that are read, the newest."""


class History:
    """A record of JSON lines, one for each author and run: `[author, passed, tried]`."""

    def __init__(self, state: Path | None = None) -> None:
        self._file = (state or state_folder()) / "authors.jsonl"
        self._passed: Counter[str] = Counter()
        self._tried: Counter[str] = Counter()

    def note(self, author: str, *, passed: bool) -> None:
        """A check has told of one fresh sample. Nothing is written yet."""
        self._tried[author] += 1
        self._passed[author] += passed

    def keep(self) -> None:
        """Write what was noted. A record that can't be written is not kept: it is no part of any result."""
        lines = [json.dumps([author, self._passed[author], tried]) + "\n" for author, tried in self._tried.items()]
        self._tried.clear()
        self._passed.clear()
        with contextlib.suppress(OSError):
            if lines:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                with os.fdopen(file, "wb") as record:
                    record.write("".join(lines).encode())  # one write: runs side by side don't mix their lines

    def shares(self) -> Mapping[str, float]:
        """The share of each author's samples that passed, drawn towards one half by two samples. Lines that can't be read are
        passed over."""
        passed: Counter[str] = Counter()
        tried: Counter[str] = Counter()
        for author, right, of in self._lines():
            passed[author] += right
            tried[author] += of
        return {author: (passed[author] + 1) / (of + 2) for author, of in sorted(tried.items()) if of >= ENOUGH}

    def _lines(self) -> list[tuple[str, int, int]]:
        try:
            with self._file.open("rb") as record:
                record.seek(max(0, self._file.stat().st_size - MOST_READ))
                raw = record.read(MOST_READ)
        except OSError:
            return []
        found = []
        for line in raw.decode("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError, TypeError):
                author, right, of = json.loads(line)
                if isinstance(author, str) and 0 <= int(right) <= int(of):
                    found.append((author, int(right), int(of)))
        return found
