"""New inputs that tell programs apart: those of the tests, changed a little by their types.

The values are never built; the nodes of their texts are changed (`soloist_sandbox.image.values` has their form). The same seeds
give the same inputs. Which of them make sense nobody knows yet: what most programs refuse is dropped after they were run.
"""

import random
from collections.abc import Sequence
from typing import Any, Final

from soloist_sandbox.image.values import Node
from soloist_sandbox.literals import parse_arguments
from soloist_sandbox.values import literal

TRIES: Final = 20
"""Changes tried for each input that is wanted."""
LONGEST: Final = 2000
"""Characters of one call's arguments."""
_FACTOR: Final = 4
"""Integers stay within so many times the largest seen: f(2 ** 40) tells nothing but who is slow."""

Arguments = tuple[list[Node], dict[str, Node]]


def varied(seeds: Sequence[str], count: int, seed: int = 0) -> tuple[str, ...]:
    """Up to `count` argument texts, none of them a seed; each seed in turn is changed in one to three places.

    Raises `ValueError` for a seed that is no list of literal arguments.
    """
    known = [parse_arguments(text) for text in seeds]
    changer = _Changer(known, seed)
    found: dict[str, None] = {}
    for at in range(count * TRIES if any(positional or named for positional, named in known) else 0):
        text = _text(changer.changed(known[at % len(known)]))
        if len(text) <= LONGEST and text not in seeds:
            found[text] = None
        if len(found) == count:
            break
    return tuple(found)


def _text(arguments: Arguments) -> str:
    positional, named = arguments
    return ", ".join([*map(literal, positional), *(f"{name}={literal(node)}" for name, node in named.items())])


class _Changer:
    """Changes arguments; draws other values of the same type from what it has seen."""

    def __init__(self, seen: Sequence[Arguments], seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret
        self._stock: dict[str, list[Node]] = {}
        self._letters: list[str] = []
        for positional, named in seen:
            for node in (*positional, *named.values()):
                self._keep(node)
        self._most = _FACTOR * max((abs(node) for node in self._stock.get("int", ())), default=1) + 4

    def changed(self, arguments: Arguments) -> Arguments:
        """One of the arguments, now and then a second one, in one to three places."""
        positional, named = list(arguments[0]), dict(arguments[1])
        places: list[Any] = [*range(len(positional)), *named]
        for place in self._chance.sample(places, min(len(places), self._chance.choice((1, 1, 2)))):
            within: Any = positional if isinstance(place, int) else named
            for _ in range(self._chance.choice((1, 1, 2, 3))):
                within[place] = self._node(within[place])
        return positional, named

    def _keep(self, node: Node) -> None:
        self._stock.setdefault(_kind(node), []).append(node)
        if isinstance(node, str):
            self._letters += node
        elif isinstance(node, list) and _kind(node) in "ltszd":
            for part in node[1:]:
                self._keep(part)

    def _node(self, node: Node) -> Node:
        match _kind(node):
            case "bool":
                return not node
            case "int":
                return self._integer(node)
            case "f":
                return ["f", self._float(float.fromhex(node[1])).hex()]
            case "str":
                return "".join(self._moved(list(node), self._letters, _letter))
            case "l" | "t" as tag:
                return [tag, *self._moved(node[1:], self._items_like(node), self._node)]
            case "s" | "z" as tag:
                return [tag, *_unique(self._moved(node[1:], self._items_like(node), self._node))]
            case "d":
                return self._dict(node)
        return node

    def _integer(self, value: int) -> int:
        other = self._chance.choice(self._stock["int"])
        chosen = self._chance.choice((value + 1, value - 1, value * 2, value // 2, 0, 1, -value, other, value + 10))
        return chosen if abs(chosen) <= self._most else other

    def _float(self, value: float) -> float:
        other = float.fromhex(self._chance.choice(self._stock["f"])[1])
        return self._chance.choice((value + 1, value / 2, -value, value * 2, value + 0.25, 0.0, float(f"{value:.1g}"), other))

    def _dict(self, node: list[Node]) -> Node:
        pairs = [list(pair) for pair in zip(node[1::2], node[2::2], strict=True)]
        if pairs:
            at = self._chance.randrange(len(pairs))
            if self._chance.random() < 0.4:
                del pairs[at]
            else:
                pairs[at][1] = self._node(pairs[at][1])
        return ["d", *(part for pair in pairs for part in pair)]

    def _items_like(self, node: list[Node]) -> list[Node]:
        kinds = {_kind(item) for item in node[1:]}
        return [item for kind in sorted(kinds) for item in self._stock.get(kind, ())]

    def _moved(self, items: list[Any], others: Sequence[Any], change: Any) -> list[Any]:
        """One item dropped, doubled, swapped, changed or added; or all of them turned, sorted or gone."""
        if not items:
            return [self._chance.choice(others)] if others else items
        one, two = self._chance.randrange(len(items)), self._chance.randrange(len(items))
        kind = self._chance.choice(
            ("drop", "double", "swap", "change", "change", "replace", "add", "cut", "turn", "sort", "none")
        )
        moved = list(items)
        match kind:
            case "drop":
                del moved[one]
            case "double":
                moved.insert(two, items[one])
            case "swap":
                moved[one], moved[two] = moved[two], moved[one]
            case "change":
                moved[one] = change(moved[one])
            case "replace" | "add" if others:
                moved[one : one + (kind == "replace")] = [self._chance.choice(others)]
            case "cut":
                moved = moved[min(one, two) : max(one, two) + 1]
            case "turn":
                moved.reverse()
            case "sort":
                moved.sort(key=repr)
            case "none" if self._chance.random() < 0.3:
                moved = []
        return moved


def _kind(node: Node) -> str:
    return str(node[0]) if isinstance(node, list) else type(node).__name__


def _letter(letter: str) -> str:
    return letter.swapcase() if letter.isalpha() else letter


def _unique(items: list[Node]) -> list[Node]:
    return list({repr(item): item for item in items}.values())
