"""Where a run lives: a folder of its own under the XDG state folder."""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter
from soloist_agents.models.ledger import Call

from soloist.task import Task

T = TypeVar("T")

REMEMBERED = 64
"""Bodies kept in memory."""
RESUMABLE_SECONDS = 24 * 3600


def state_folder() -> Path:
    """`$XDG_STATE_HOME/soloist`, by default `~/.local/state/soloist`."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "soloist"


class RunDir:
    """One run's folder: checkpoints, events, bodies by hash, the working copy, the undo journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.tree = folder / "tree"
        """The working copy; removed when the run ends."""
        self.clean = folder / "clean"
        """The clean copy on which the result is proved; removed when the run ends."""
        self.checkpoints = folder / "checkpoints.sqlite"
        self.events = folder / "events.jsonl"
        self.report = folder / "report.json"
        self.patch = folder / "patch.json"
        self.journal = folder / "undo"
        self.scrub: Callable[[str], str] = str
        """Takes secrets out of what is kept."""
        self._owner = folder / "owner"
        self._task = folder / "task.json"
        self._bodies = folder / "bodies"
        self._calls = folder / "calls.jsonl"
        self._known: dict[tuple[Any, str], Any] = {}

    @classmethod
    def new(cls, state: Path | None = None) -> "RunDir":
        """A fresh folder, named by time so that names sort."""
        runs = (state or state_folder()) / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        _sweep(runs)
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        run = cls(runs / name)
        run._bodies.mkdir(parents=True)
        run.claim()
        return run

    @classmethod
    def find(cls, run: str, state: Path | None = None, *, holding: str = "") -> "RunDir":
        """An existing run by its id; "last" is the newest (that holds the file or folder `holding`).

        Raises ValueError when there is none.
        """
        runs = (state or state_folder()) / "runs"
        names = sorted(p.name for p in runs.iterdir() if (p / holding).exists()) if runs.is_dir() else []
        if not names or (run != "last" and run not in names):
            what = f"no run {run!r}" if run != "last" else "no run"
            raise ValueError(f"there is {what} with a {holding or 'folder'} in {runs}")
        return cls(runs / (names[-1] if run == "last" else run))

    def claim(self) -> None:
        """Mark the run as belonging to this process, so that nobody sweeps its trees."""
        self._owner.write_text(str(os.getpid()))

    def put_task(self, task: Task) -> None:
        """Keep the task, so that the run can be resumed."""
        self._task.write_text(task.model_dump_json(indent=2))

    def get_task(self) -> Task:
        """The task of this run."""
        return Task.model_validate_json(self._task.read_bytes())

    def put(self, kind: type[T], value: T) -> str:
        """Keep a value's JSON, without secrets, by its hash; returns the hash."""
        body = self.scrub(TypeAdapter(kind).dump_json(value).decode()).encode()
        name = hashlib.sha256(body).hexdigest()[:32]
        file = self._bodies / name
        if not file.exists():
            temporary = file.with_suffix(".part")
            temporary.write_bytes(body)
            temporary.replace(file)
        return name

    def get(self, kind: type[T], name: str) -> T:
        """The value kept under a hash. It never changes, so the latest ones are remembered."""
        key = (kind, name)
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[key] = TypeAdapter(kind).validate_json((self._bodies / name).read_bytes())
        found: T = self._known[key]
        return found

    def add_call(self, call: Call) -> None:
        """Keep one call of a model; on disk before the run goes on."""
        with self._calls.open("a", encoding="utf-8") as file:
            file.write(call.model_dump_json() + "\n")

    def calls(self) -> list[Call]:
        """The calls of models so far; a last line that was cut off is left out."""
        if not self._calls.exists():
            return []
        lines = self._calls.read_text(encoding="utf-8").splitlines(keepends=True)
        return [Call.model_validate_json(line) for line in lines if line.endswith("\n")]

    def remove_clean(self) -> None:
        """Remove the clean copy."""
        shutil.rmtree(self.clean, ignore_errors=True)

    def remove_trees(self) -> None:
        """Remove the copies; the record of the run stays."""
        for tree in (self.tree, self.clean):
            shutil.rmtree(tree, ignore_errors=True)

    @property
    def abandoned(self) -> bool:
        """True when the process that ran it is gone."""
        try:
            os.kill(int(self._owner.read_text()), 0)
        except PermissionError:
            return False
        except (OSError, ValueError):
            return True
        return False


def _sweep(runs: Path) -> None:
    """Remove the copies that runs killed without warning have left and nobody resumed for a day."""
    for folder in runs.iterdir():
        run = RunDir(folder)
        old = time.time() - folder.stat().st_mtime > RESUMABLE_SECONDS
        if old and (run.tree.exists() or run.clean.exists()) and run.abandoned:
            run.remove_trees()
