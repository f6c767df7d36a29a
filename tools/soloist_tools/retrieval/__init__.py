"""Retrieval: finding the places of a repository that a question is about.

    with Index.open("path/to/repository") as index:
        for hit in index.search("session cookies are lost after a redirect"):
            print(hit.path, hit.first, hit.last, hit.symbol, hit.why)

`Index` is loaded when it is first asked for: it brings numpy, which whoever only names a `Hit` should not wait for.
"""

from typing import TYPE_CHECKING, Any

from soloist_tools.retrieval.hits import Hit, Stats

if TYPE_CHECKING:
    from soloist_tools.retrieval.index import Index

__all__ = ["Hit", "Index", "Stats"]


def __getattr__(name: str) -> Any:
    if name != "Index":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from soloist_tools.retrieval.index import Index

    return Index
