"""The retrieval queries, and a work tree that shows each one's repository as it stood before the fix."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Query:
    """A real bug fix: its message, and what it changed."""

    repo: str
    parent: str
    text: str
    files: tuple[str, ...]
    functions: tuple[tuple[str, str, int, int], ...]
    """Path, name, first and last line, as of the parent."""


def queries(data: Path) -> list[Query]:
    """All queries of `queries.jsonl` in the folder, oldest first within a repository, so that neighbours share contents."""
    rows = [json.loads(line) for line in (data / "queries.jsonl").read_text().splitlines() if line]
    rows.sort(key=lambda row: (row["repo"], row["date"]))
    return [
        Query(r["repo"], r["parent"], r["query"], tuple(r["files"]), tuple((p, n, a, b) for p, n, a, b in r["functions"]))
        for r in rows
    ]


def bare_clone(repos: Path, name: str) -> Path:
    """The git directory of `owner/name` in a folder of clones, in any of the usual layouts. Raises FileNotFoundError."""
    plain, joined = name.rpartition("/")[2], name.replace("/", "+")
    for at in (joined, f"{joined}/repo", plain, f"{plain}.git", name, f"{name}.git"):
        for place in (repos / at, repos / at / ".git"):
            if (place / "HEAD").is_file() and (place / "objects").is_dir():
                return place
    raise FileNotFoundError(
        f"no clone of {name} in {repos}; make one: git clone --bare https://github.com/{name} {repos / plain}.git"
    )


def materialised(repos: Path, work: Path, wanted: list[Query]) -> Iterator[tuple[Query, Path]]:
    """Each query with a work tree at its parent commit. The clones are only read; one tree a repository is switched along."""
    for query in wanted:
        tree = work / query.repo.replace("/", "+")
        if not tree.exists():
            source = bare_clone(repos, query.repo)
            _git("clone", "-q", "--shared", "--no-checkout", str(source.resolve()), str(tree))
        _git("-C", str(tree), "update-ref", "--no-deref", "HEAD", query.parent)
        _git("-C", str(tree), "read-tree", "--reset", query.parent)
        # A mirror may lack its largest blobs (recordings, pictures): `checkout` would then write nothing at all.
        _git("-C", str(tree), "checkout-index", "-q", "-f", "-a", check=False)
        _git("-C", str(tree), "clean", "-q", "-ffdx")
        yield query, tree


def _git(*arguments: str, check: bool = True) -> None:
    subprocess.run(
        ("git", *arguments), check=check, stdin=subprocess.DEVNULL, stderr=None if check else subprocess.DEVNULL, timeout=600
    )
