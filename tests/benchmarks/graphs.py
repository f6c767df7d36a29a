"""Inputs for programs on nodes, which their tests build in code: made from nothing, by kind of structure."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from inputs import Arguments

MOST_NODES = 9


@dataclass(frozen=True)
class Maker:
    """How to make an input, and the adapter (see calls_in_sandbox.py) that turns it into nodes."""

    adapter: str
    make: Callable[[random.Random], Arguments]


def links(chance: random.Random, count: int, *, acyclic: bool = False) -> list[tuple[int, int]]:
    """Random links between `count` nodes, each at most once."""
    density = chance.choice((0.1, 0.25, 0.5))
    pairs = [(one, two) for one in range(count) for two in range(count) if (one < two if acyclic else one != two)]
    return [pair for pair in pairs if chance.random() < density]


def reach(chance: random.Random) -> Arguments:
    """A graph, a start and a goal."""
    count = chance.randint(1, MOST_NODES)
    return count, links(chance, count), chance.randrange(count), chance.randrange(count)


def order(chance: random.Random) -> Arguments:
    """A graph without cycles, its nodes numbered at random."""
    count = chance.randint(0, MOST_NODES)
    names = chance.sample(range(count), count)
    return count, [(names[one], names[two]) for one, two in links(chance, count, acyclic=True)]


def chain(chance: random.Random) -> Arguments:
    """A linked list that may lead back into itself."""
    count = chance.randint(0, MOST_NODES)
    return count, chance.choice([None, chance.randrange(count)]) if count else None


def turned_chain(chance: random.Random) -> Arguments:
    """A linked list, by its length."""
    return (chance.randint(0, 4 * MOST_NODES),)


def lengths(chance: random.Random) -> Arguments:
    """A graph's size and the lengths of its edges, negative ones only where there are no cycles."""
    count = chance.randint(1, 7)
    acyclic = chance.random() < 0.5
    low = -9 if acyclic else 0
    return count, {pair: chance.randint(low, 9) for pair in links(chance, count, acyclic=acyclic)}


MAKERS = {
    "depth_first_search": Maker("reach", reach),
    "breadth_first_search": Maker("reach", reach),
    "topological_ordering": Maker("order", order),
    "detect_cycle": Maker("chain", chain),
    "reverse_linked_list": Maker("turned chain", turned_chain),
    "shortest_path_lengths": Maker("call", lengths),
}


def made(program: str, count: int, seed: int = 0) -> list[Arguments]:
    """Up to `count` different inputs for a program of `MAKERS`."""
    chance = random.Random(seed)  # noqa: S311  # nothing secret
    found = {repr(case): case for case in (MAKERS[program].make(chance) for _ in range(3 * count))}
    return list(found.values())[:count]
