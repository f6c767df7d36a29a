"""Values like given values: changed a little, by their type, out of the stock of everything seen."""

import random
from collections.abc import Sequence
from typing import Any

EDITS_AT_MOST = 3


class Mutator:
    """Changes values; the same seed gives the same changes."""

    def __init__(self, seen: Sequence[Any], seed: int = 0) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # nothing secret
        self._stock: dict[type, list[Any]] = {}
        for value in seen:
            self._keep(value)

    def choose(self, values: Sequence[Any]) -> Any:
        """One of them."""
        return self._chance.choice(values)

    def change(self, value: Any) -> Any:
        """A value of the same type, usually a different one."""
        for _ in range(self._chance.randint(1, EDITS_AT_MOST)):
            value = self._edited(value)
        return value

    def change_one(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The tuple with one of its values changed, sometimes several."""
        chosen = {self._chance.randrange(len(values)) for _ in range(self._chance.choice((1, 1, 2)))}
        return tuple(self.change(value) if i in chosen else value for i, value in enumerate(values))

    def _keep(self, value: Any) -> None:
        self._stock.setdefault(type(value), []).append(value)
        if isinstance(value, list | tuple | set | frozenset):
            for item in value:
                self._keep(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                self._keep(key)
                self._keep(item)

    def _edited(self, value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self._chance.choice((value + 1, value - 1, value * 2, 0, 1, -value, self._known(value)))
        if isinstance(value, float):
            return self._chance.choice((value + 1, value / 2, -value, round(value), value + 0.25, self._known(value)))
        if isinstance(value, str):
            return self._edited_text(value)
        if isinstance(value, list):
            return self._edited_items(value)
        if isinstance(value, tuple):
            return self.change_one(value) if value else value
        if isinstance(value, dict):
            return self._edited_dict(value)
        return value

    def _known(self, value: Any) -> Any:
        return self._chance.choice(self._stock.get(type(value)) or [value])

    def _edited_text(self, text: str) -> str:
        if " " in text and self._chance.random() < 0.7:
            return " ".join(self._moved(text.split(" "), self._known(text).split(" ")))
        return "".join(self._moved(list(text), list(self._known(text))))

    def _edited_items(self, items: list[Any]) -> list[Any]:
        if items and self._chance.random() < 0.5:
            at = self._chance.randrange(len(items))
            mixed = len({type(item) for item in items}) > 1  # of mixed lists the texts are operators or the like
            changed = self._known(items[at]) if mixed and isinstance(items[at], str) else self._edited(items[at])
            return [*items[:at], changed, *items[at + 1 :]]
        return self._moved(items, self._known(items))

    def _edited_dict(self, value: dict[Any, Any]) -> dict[Any, Any]:
        items = [list(item) for item in value.items()]
        other = [list(item) for item in self._known(value).items()]
        changed = self._moved(items, other)
        return {key: self._edited(item) if self._chance.random() < 0.3 else item for key, item in changed}

    def _moved(self, items: list[Any], other: list[Any]) -> list[Any]:
        """One item dropped, doubled, moved, replaced or added."""
        if not items:
            return other[:1]
        one, two = self._chance.randrange(len(items)), self._chance.randrange(len(items))
        kind = self._chance.choice(("drop", "double", "swap", "replace", "add", "cut", "turn"))
        changed = list(items)
        if kind == "drop":
            del changed[one]
        elif kind == "double":
            changed.insert(two, items[one])
        elif kind == "swap":
            changed[one], changed[two] = changed[two], changed[one]
        elif kind == "cut":
            changed = changed[min(one, two) : max(one, two) + 1]
        elif kind == "turn":
            changed.reverse()
        elif other:
            changed[one : one + (kind == "replace")] = [self._chance.choice(other)]
        return changed
