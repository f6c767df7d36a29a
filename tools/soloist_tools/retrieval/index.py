"""The index of a repository: open it, ask it. No service, no network, no model."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from threading import RLock
from typing import Self, TypeVar

from soloist_tools.retrieval.answering import Question, Unit, answer
from soloist_tools.retrieval.digest import Damaged
from soloist_tools.retrieval.history import History, packed_history, read_history, unpacked_history
from soloist_tools.retrieval.hits import Hit, Stats
from soloist_tools.retrieval.lanes import LANES, Lane
from soloist_tools.retrieval.ranking import Weights
from soloist_tools.retrieval.refreshing import Progress, Tree, refresh, refresh_paths, settle
from soloist_tools.retrieval.store import Store, default_folder, store_path
from soloist_tools.retrieval.view import Base, View, laid_over, load_base

_T = TypeVar("_T")


class Index:
    """The index of one tree. Synchronous and safe between threads: async callers use `asyncio.to_thread`.

    A store that turns out to be damaged is rebuilt from the tree, once, without a word to the caller.
    """

    def __init__(self, root: Path, store: Store, weights: Weights) -> None:
        self.root = root
        self._store = store
        self._weights = weights
        self._lock = RLock()
        self._tree = Tree()
        self._base: Base | None = None
        self._view: View | None = None
        self._history = History()

    @classmethod
    def open(
        cls,
        root: Path | str,
        *,
        cache: Path | None = None,
        progress: Progress | None = None,
        weights: Weights | None = None,
    ) -> Self:
        """The index of a tree, brought up to date. `cache`: the folder of the stores, by default under XDG cache.

        Raises NotADirectoryError when there is no such folder, OSError when the cache can't be written.
        """
        place = Path(root).resolve()
        if not place.is_dir():
            raise NotADirectoryError(f"{root} is not a folder; name the root of a source tree")
        index = cls(place, Store(store_path(place, cache or default_folder())), weights or Weights())
        try:
            index.refresh(progress=progress)
        except BaseException:
            index.close()
            raise
        return index

    def close(self) -> None:
        """End the connection to the store."""
        with self._lock:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refresh(self, *, progress: Progress | None = None) -> None:
        """Look at the whole tree again: what changed, came, went, and what was committed."""

        def work() -> None:
            self._tree = refresh(self._store, self.root, progress)
            known = self._history if self._history.head else unpacked_history(self._store.note("history"))
            self._history = read_history(self.root, known)
            if self._history is not known:
                with self._store.writing():
                    self._store.put_note("history", packed_history(self._history))
            self._settled()

        self._guarded(work, again=False)

    def update(self, paths: Iterable[str]) -> None:
        """Look again at files that the caller knows to have changed, relative to the root: much faster than `refresh`.

        Raises ValueError for a path that is not below the root.
        """
        named = [_below(path) for path in dict.fromkeys(paths)]

        def work() -> None:
            self._tree = refresh_paths(self._store, self.root, named, self._tree)
            self._settled()

        self._guarded(work)

    def search(self, query: str, top: int = 10, tests: bool = False, *, lanes: Sequence[Lane] = LANES) -> tuple[Hit, ...]:
        """The best chunks of the tree, best first. `tests`: the question is about tests, so nothing speaks against them."""
        return self._asked(query, top, tests, lanes, "chunk")

    def files(self, query: str, top: int = 10, tests: bool = False, *, lanes: Sequence[Lane] = LANES) -> tuple[Hit, ...]:
        """The best files, each shown by its best chunk."""
        return self._asked(query, top, tests, lanes, "file")

    def stats(self) -> Stats:
        """The index in numbers."""
        with self._lock:
            view = self._current()
            chunks = len(view.file_of) if view.live is None else int(view.live.sum())
            stored = sum(p.stat().st_size for p in self._store.path.parent.glob(self._store.path.name + "*"))
            tree = self._tree
            return Stats(
                files=len(tree.keys),
                chunks=chunks,
                skipped={str(reason): count for reason, count in tree.skipped.most_common()},
                read=tree.read,
                split=tree.split,
                commits=len(self._history.commits),
                stored=stored,
            )

    def _settled(self) -> None:
        with self._store.reading():
            base = self._base_now() if self._store.note("generation") else None
        settle(self._store, self._tree, base)
        with self._store.reading():
            self._view = laid_over(self._store, self._base_now(), self._tree.keys)

    def _current(self) -> View:
        """The view; loaded anew when another process has built the base anew meanwhile."""
        base = self._base_now()
        if self._view is None or self._view.generation != base.generation:
            self._view = laid_over(self._store, base, self._tree.keys)
        return self._view

    def _base_now(self) -> Base:
        if self._base is None or self._base.generation != self._store.note("generation"):
            self._base = load_base(self._store)
        return self._base

    def _asked(self, query: str, top: int, tests: bool, lanes: Sequence[Lane], unit: Unit) -> tuple[Hit, ...]:
        factors = [self._factor(lane, tests) if lane in lanes else 0.0 for lane in LANES]

        def work() -> tuple[Hit, ...]:
            with self._store.reading():
                return answer(Question(query), self._current(), self._store, self._history, self._weights, factors, top, unit)

        return self._guarded(work)

    def _factor(self, lane: Lane, tests: bool) -> float:
        if lane == "tests":
            return 1.0 if tests else self._weights.tests
        return 1.0 if lane == "source" else self._weights.docs

    def _guarded(self, work: Callable[[], _T], *, again: bool = True) -> _T:
        """Do it; if the store is damaged, rebuild that and do it once more."""
        with self._lock:
            try:
                return work()
            except (Damaged, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError):
                    raise
            self._store = self._store.remade()
            self._base, self._view, self._history = None, None, History()
            if again:
                self.refresh()
            return work()


def _below(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise ValueError(f"{path} is not below the root of the index; name files relative to it")
    return str(parts)
