"""How often a search finds the files and functions that a real bug fix changed, and what it costs.

Run: `python tests/benchmarks/retrieval.py --data FOLDER --repos FOLDER`. DATA holds `queries.jsonl`; REPOS holds clones, bare
or not, of the repositories it names. Question: the message of the fix. Truth: the files and functions it changed. Searched:
the tree of the fix's parent, so that neither the fix nor its message can be seen. Two rows a repository: the lane "source"
alone, and everything at once (tests, documents and settings in their places).
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from retrieval_commits import Query, materialised, queries
from soloist_tools.retrieval import Hit, Index

CUTS = (1, 5, 10)
ROUNDS = 2_000


def recall(found: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of the wanted that was found."""
    return sum(item in found for item in wanted) / len(wanted)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, by question."""
    draw = random.Random(6)  # noqa: S311 # a bootstrap, not a secret
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(ROUNDS))
    return means[int(0.025 * ROUNDS)], means[int(0.975 * ROUNDS)]


def function_recall(hits: Sequence[Hit], query: Query) -> float:
    """The share of the changed functions that a hit overlaps: any line of theirs, in the right file."""
    found = [
        any(h.path == path and h.first <= last and h.last >= first for h in hits) for path, _, first, last in query.functions
    ]
    return sum(found) / len(found)


def shown(name: str, rows: Sequence[dict[str, float]]) -> str:
    """One line of the table."""
    cells = []
    for measure in (*(f"@{cut}" for cut in CUTS), "mrr", "fn@20"):
        values = [row[measure] for row in rows if measure in row]
        low, high = interval(values) if values else (0.0, 0.0)
        cells.append(f"{statistics.fmean(values) if values else 0:.3f} [{low:.2f}, {high:.2f}]")
    return f"| {name} | {len(rows)} | " + " | ".join(cells) + " |"


def measured(index: Index, query: Query, lanes: Sequence[str]) -> dict[str, float]:
    """All measures of one question."""
    began = time.perf_counter()
    hits = index.search(query.text, 20, lanes=lanes)  # type: ignore[arg-type]
    took = time.perf_counter() - began
    files = [hit.path for hit in index.files(query.text, 50, lanes=lanes)]  # type: ignore[arg-type]
    row = {f"@{cut}": recall(files[:cut], query.files) for cut in CUTS}
    row["mrr"] = max((1 / (files.index(path) + 1) for path in query.files if path in files), default=0.0)
    if query.functions:
        row["fn@20"] = function_recall(hits, query)
    row["ms"] = 1000 * took
    return row


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True, help="folder with queries.jsonl")
    options.add_argument("--repos", type=Path, required=True, help="folder with clones")
    options.add_argument("--limit", type=int, default=0, help="only so many questions of each repository")
    chosen = options.parse_args()
    wanted = limited(queries(chosen.data), chosen.limit)
    views: dict[str, tuple[str, ...]] = {"source": ("source",), "everything": ("source", "tests", "docs", "settings")}
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    speed: list[tuple[str, int, float]] = []
    with tempfile.TemporaryDirectory(prefix="soloist-retrieval-") as folder:
        seen: set[str] = set()
        for done, (query, tree) in enumerate(materialised(chosen.repos, Path(folder), wanted), 1):
            began = time.process_time()
            with Index.open(tree, cache=Path(folder) / "cache") as index:
                if query.repo not in seen:
                    seen.add(query.repo)
                    speed.append((query.repo, index.stats().read, time.process_time() - began))
                index.search("warm", 1)
                for view, lanes in views.items():
                    rows.setdefault((query.repo, view), []).append(measured(index, query, lanes))
            report(f"\r{done}/{len(wanted)} questions ")
    report("\n")
    print_tables(rows, speed, list(views))


def limited(wanted: list[Query], limit: int) -> list[Query]:
    """The first so many of each repository, all for 0."""
    count: dict[str, int] = {}
    kept = []
    for query in wanted:
        count[query.repo] = count.get(query.repo, 0) + 1
        if not limit or count[query.repo] <= limit:
            kept.append(query)
    return kept


def print_tables(
    rows: dict[tuple[str, str], list[dict[str, float]]], speed: list[tuple[str, int, float]], views: list[str]
) -> None:
    """Recall by repository and view, then the costs."""
    write = print  # one place to redirect
    write("| searched | questions | file @1 | @5 | @10 | MRR | function @20 |\n|---|---|---|---|---|---|---|")
    for view in views:
        for (repo, of), found in rows.items():
            if of == view:
                write(shown(f"{repo}, {view}", found))
        write(shown(f"**all, {view}**", [row for (_, of), found in rows.items() if of == view for row in found]))
    times = sorted(row["ms"] for found in rows.values() for row in found)
    write(f"\nquery: p50 {times[len(times) // 2]:.1f} ms, p95 {times[int(0.95 * len(times))]:.1f} ms")
    for repo, files, seconds in speed:
        write(f"first index of {repo}: {files} files, {files / seconds:.0f} files per CPU second")


report: Callable[[str], object] = sys.stderr.write

if __name__ == "__main__":
    main()
