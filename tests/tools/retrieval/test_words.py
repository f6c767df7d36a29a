"""The words of identifiers."""

import pytest
from soloist_tools.retrieval.words import words, words_of


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("getUserNames", {"get", "user", "name", "getusernam"}),
        ("HTTPServer2", {"http", "server", "httpserver2"}),
        ("norecurse_dirs", {"norecurs", "dir", "norecursedir"}),
        ("__init__", {"init"}),
        ("Überschrift", {"überschrift"}),
        ("x", {"x"}),
        ("a" * 65, set()),
    ],
)
def test_an_identifier_gives_its_parts_and_itself(identifier: str, expected: set[str]) -> None:
    """Split at capitals and underscores, stemmed; data in disguise gives nothing."""
    assert set(words_of(identifier)) == expected


def test_every_way_to_write_a_name_meets() -> None:
    """`user_name`, `userName` and `UserNames` share a word."""
    assert set(words("user_name")) & set(words("userName")) & set(words("UserNames")) >= {"user", "name", "usernam"}
