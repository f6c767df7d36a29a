"""What a repository's files declare: the value that all readers give and that resolving takes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TEST_NAMES: Final = ("test", "tests", "testing", "unittest", "unit-tests", "pytest")
DEV_NAMES: Final = ("dev", "develop", "development")
"""Looked at only where nothing is called after tests: they mostly hold linters and documentation."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Requirements that were found."""

    requirements: tuple[str, ...] = ()
    """As pip takes them."""
    constraints: tuple[str, ...] = ()
    """Exact versions of whatever the requirements bring in, as a lock file has them."""
    pins: tuple[str, ...] = ()
    """Exact versions of everything, where a lock says just what is to be installed."""
    sources: tuple[str, ...] = ()
    """Where from, for the user: "uv.lock", "pyproject.toml [dependency-groups] tests"."""
    files: tuple[Path, ...] = ()
    """What was read: the image is outdated when one of them changes."""
    left_out: tuple[str, ...] = ()
    """What can't be had from a package index, with the reason, a line each."""

    def __add__(self, other: "Declared") -> "Declared":
        return Declared(*(_joined(getattr(self, name), getattr(other, name)) for name in self.__slots__))

    def __bool__(self) -> bool:
        return bool(self.requirements or self.pins)


def _joined(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def plain(name: str) -> str:
    """A group's or an extra's name, normalised."""
    return re.sub(r"[-_.]+", "-", name).lower()


def chosen(names: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Those that are wanted, and those that are called after tests, else those for development."""
    there = {plain(name): name for name in names}
    found = named(there, TEST_NAMES) or named(there, DEV_NAMES)
    return list(dict.fromkeys([*found, *named(there, wanted)]))


def named(names: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Those of the names that are wanted, however they are spelled."""
    there = {plain(name): name for name in names}
    return [there[plain(name)] for name in wanted if plain(name) in there]


def from_index(requirements: Iterable[str], where: str) -> Declared:
    """Requirements of a package index; others are left out, with the reason."""
    from packaging.requirements import InvalidRequirement, Requirement

    taken: list[str] = []
    left: list[str] = []
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            left.append(f"{text} ({where}): not a requirement that can be read")
            continue
        if requirement.url:
            left.append(f"{requirement.name} ({where}): it comes from {requirement.url}, and only package indexes are asked")
        else:
            taken.append(str(requirement))
    return Declared(tuple(taken), left_out=tuple(left))
