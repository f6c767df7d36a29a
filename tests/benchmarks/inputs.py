"""Inputs that a program's tests don't have: mutations of those that they do, held to what is true of all of those."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mutation import Mutator

Arguments = tuple[Any, ...]
Rule = Callable[[Arguments], bool]

ROUNDS = 60
"""How many mutations are tried for each input that is wanted."""


def invented(cases: Sequence[Arguments], count: int, *, rules: Sequence[Rule] = (), seed: int = 0) -> list[Arguments]:
    """Up to `count` inputs that are none of `cases`; each keeps `rules` and every rule that holds for all cases."""
    widths = {len(case) for case in cases}
    if len(widths) != 1 or widths == {0}:
        return []
    mutator = Mutator([value for case in cases for value in case], seed)
    kept = [*rules, *learned(cases)]
    seen = {repr(case) for case in cases}
    found: list[Arguments] = []
    for _ in range(count * ROUNDS):
        child = in_order(mutator.change_one(mutator.choose([*cases, *found[-count:]])), cases)
        if repr(child) not in seen and holds(kept, child):
            seen.add(repr(child))
            found.append(child)
            if len(found) == count:
                break
    return found


def holds(rules: Sequence[Rule], case: Arguments) -> bool:
    """Does the case keep every rule? One that breaks a rule's assumptions does not."""
    try:
        return all(rule(case) for rule in rules)
    except (TypeError, ValueError, IndexError):
        return False


def learned(cases: Sequence[Arguments]) -> list[Rule]:
    """The rules, out of a fixed stock, that hold for every case."""
    width = len(cases[0])
    stock = [rule for at in range(width) for rule in _about_one(at, [case[at] for case in cases])]
    stock += [rule for one in range(width) for two in range(width) if one != two for rule in _about_two(one, two)]
    return [rule for rule in stock if all(holds([rule], case) for case in cases)]


def in_order(case: Arguments, cases: Sequence[Arguments]) -> Arguments:
    """The case with those lists sorted that are sorted in all given cases: hardly a mutation would keep them so."""
    return tuple(
        sorted(value) if isinstance(value, list) and all(_ascending(known[at]) for known in cases) else value
        for at, value in enumerate(case)
    )


def _ascending(value: Any) -> bool:
    try:
        return isinstance(value, list) and value == sorted(value)
    except TypeError:
        return False


def _about_one(at: int, column: Sequence[Any]) -> Iterator[Rule]:
    numbers = [number for value in column for number in _numbers(value)]
    lengths = [len(value) for value in column if isinstance(value, str | list | tuple | dict)]
    inner = {len(item) for value in column if isinstance(value, list) for item in value if isinstance(item, list | tuple)}
    letters = {letter for value in column for text in _texts(value) for letter in text}
    yield lambda case: all(letter in letters for text in _texts(case[at]) for letter in text)
    yield lambda case: bool(case[at]) or case[at] == 0
    yield lambda case: len(set(map(repr, case[at]))) == len(case[at])
    yield lambda case: all(_balanced(text) for text in _texts(case[at]))
    if numbers:
        low, high = min(numbers), max(abs(number) for number in numbers)
        floor = low if low in (0, 1, 2) else 0 if low > 0 else -2 * high
        yield lambda case: all(floor <= number <= 2 * high + 2 for number in _numbers(case[at]))
    if lengths:
        yield lambda case: min(lengths) // 2 <= len(case[at]) <= 2 * max(lengths) + 2
    if inner:
        yield lambda case: all(len(item) in inner for item in case[at])


def _about_two(one: int, two: int) -> Iterator[Rule]:
    yield lambda case: case[one] <= case[two]
    yield lambda case: case[one] != case[two]
    yield lambda case: len(case[one]) == len(case[two])
    yield lambda case: all(item < case[two] for item in case[one])
    yield lambda case: len(case[one]) >= case[two]
    yield lambda case: len(case[one]) > case[two]
    yield lambda case: case[two] in case[one]


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _balanced(text: str) -> bool:
    for pair in ("()", "<>", "[]", "{}"):
        depth = 0
        for letter in text:
            depth += (letter == pair[0]) - (letter == pair[1])
            if depth < 0:
                return False
        if depth:
            return False
    return True
