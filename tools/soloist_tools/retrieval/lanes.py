"""The lanes of a repository: source, its tests, its documents, its settings. Mixed together, tests drown the source."""

import re
from pathlib import PurePosixPath
from typing import Literal

Lane = Literal["source", "tests", "docs", "settings"]
LANES: tuple[Lane, ...] = ("source", "tests", "docs", "settings")

_TEST_FOLDERS = frozenset(("test", "tests", "__tests__", "spec", "specs", "e2e", "testdata", "fixtures"))
_TEST_NAME = re.compile(r"(?:test_.*|.*_test|.*_spec|conftest|tests?)\.\w+|.*\.(?:test|spec)\.\w+|.*Tests?\.(?:java|kt|cs)")
_DOC_FOLDERS = frozenset(("doc", "docs", "documentation", "changelog", "changes", "news", "examples"))
_DOC_SUFFIXES = frozenset((".md", ".rst", ".txt", ".adoc", ".markdown", ".mdx", ".org", ".tex", ".po", ".rest"))
_PAPER = re.compile(r"[A-Z][A-Z_-]+(?:\.old)?")
"""CHANGES, AUTHORS, LICENSE: a changelog names everything and would win every search."""
_SETTING_SUFFIXES = frozenset((".toml", ".cfg", ".ini", ".yaml", ".yml", ".json", ".xml", ".conf", ".properties", ".in", ".csv"))


def lane(path: str) -> Lane:
    """The lane of a file, from its path alone."""
    *folders, name = (part.lower() for part in PurePosixPath(path).parts)
    # "testing" only at the top: packages ship such a folder to those who test with them.
    if _TEST_NAME.fullmatch(PurePosixPath(path).name) or not _TEST_FOLDERS.isdisjoint(folders) or folders[:1] == ["testing"]:
        return "tests"
    suffix = PurePosixPath(name).suffix
    if suffix in _DOC_SUFFIXES or (folders and folders[0] in _DOC_FOLDERS) or _PAPER.fullmatch(PurePosixPath(path).name):
        return "docs"
    return "settings" if suffix in _SETTING_SUFFIXES or name.startswith(".") else "source"
