"""The words of code: identifiers are split at underscores and capitals and brought to their stems.

`getUserNames` gives `get`, `user`, `name` and `getusernam`: who knows the name finds it exactly, who does not finds it by what
it means.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module

_IDENTIFIER = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[0-9]+|[^\W_]+")
_LONGEST = 64
"""Characters. Longer runs are encoded data."""


def words(text: str) -> Counter[str]:
    """The words of a text and how often each stands there."""
    found: Counter[str] = Counter()
    for identifier, count in Counter(_IDENTIFIER.findall(text)).items():
        for word in words_of(identifier):
            found[word] += count
    return found


@lru_cache(maxsize=200_000)
def words_of(identifier: str) -> tuple[str, ...]:
    """The words of one identifier: its parts' stems, and the whole of it where there are several parts."""
    if len(identifier) > _LONGEST:
        return ()
    parts = [part.lower() for part in _PART.findall(identifier)]
    if len(parts) > 1:
        parts.append("".join(parts))
    stem = _stemmer()
    return tuple({stem(part): None for part in parts if len(part) > 1 or len(parts) == 1})


@cache
def _stemmer() -> Callable[[str], str]:
    stem: Callable[[str], str] = import_module("Stemmer").Stemmer("english", 0).stemWord  # no cache: the one above is enough
    return stem
