"""Sorting words by their letters, one place at a time, with the groups that are still open in brackets."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soloist_agents.selection.steps.mistake import Mistake

Groups = tuple[frozenset[str], ...]
"""Words in order; those that are not told apart yet stand together."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth")
_PLACES = {name: place for place, name in enumerate(_ORDINALS)}
_LETTER = re.compile(r"\"([^\"]+)\":\s*(?:\"([^\"]*)\"|(\w+))\s*\((\d+)\)")
_SUBPART = re.compile(r"sort this subpart \[(.*?)\] by looking at their (\w+) letters", re.DOTALL)
_HENCE = re.compile(r"Hence, we have (.*?)\.?\s*\Z", re.DOTALL)
_NOW = re.compile(r"We now have: (.*?)(?: for the subpart|\.?\s*\Z)", re.DOTALL)
_ANSWER = re.compile(r"answer is:?\s*(.*?)\.?\s*\Z", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]+)\"")
_NUMBER = re.compile(r"\((\d+)\)")


def sorting_mistake(question: str, steps: Sequence[str]) -> Mistake | None:
    """The first step that tells a wrong letter, orders or loses words, or goes on before a group is settled; None where all is
    right. The question is the words. A word that is misspelt, but near to just one of them, is taken for it."""
    state = _State(tuple(question.split()))
    for number, step in enumerate(steps):
        why = state.wrong(step)
        if why:
            return Mistake(number, why)
    return None


@dataclass
class _State:
    """What is known after the steps so far."""

    words: tuple[str, ...]
    groups: Groups = ()
    part: tuple[frozenset[str], int] | None = None
    """The group that is being sorted, and by which place (0 for the first letter)."""
    near: dict[str, str] = field(default_factory=dict)

    def wrong(self, step: str) -> str:
        """Why the step is wrong; empty where it is right. Right steps change the state."""
        if match := _SUBPART.search(step):
            return self._opened(match[1], match[2]) or self._letters(step)
        if "letter" in step and _LETTER.search(step):
            self.part = (frozenset(self.words), 0)
            return self._letters(step)
        if match := _NOW.search(step):
            return self._sorted(match[1], _HENCE.search(step))
        if match := _ANSWER.search(step):
            return self._answered(match[1])
        return ""

    def _opened(self, listed: str, place: str) -> str:
        part = frozenset(map(self._word, _QUOTED.findall(listed)))
        if part not in self.groups:
            return "there is no such group"
        first = next((group for group in self.groups if len(group) > 1), None)
        if part != first:
            return f"{_shown((first or part,))} is not settled yet"
        wanted = _common(part)
        if _PLACES.get(place, -1) > wanted:
            return f"they differ at letter {wanted + 1} already"
        self.part = (part, _PLACES.get(place, wanted))
        return ""

    def _letters(self, step: str) -> str:
        part, place = self.part or (frozenset(self.words), 0)
        told = _LETTER.findall(step)
        for raw, quoted, bare, number in told:
            word, letter = self._word(raw), (quoted or bare).lower()
            right = word[place : place + 1]
            if letter != right:
                return f'letter {place + 1} of "{word}" is "{right}", not "{letter}"'
            if right.isalpha() and int(number) != ord(right) - 96:
                return f'"{right}" is letter {ord(right) - 96} of the alphabet, not {number}'
        missing = part - {self._word(raw) for raw, *_ in told}
        return f"{_shown((missing,))} is left out" if missing else ""

    def _sorted(self, text: str, hence: re.Match[str] | None) -> str:
        part, place = self.part or (frozenset(self.words), 0)
        wanted = _split(part, place)
        if self._read(text) != wanted:
            return f"the order is {_shown(wanted)}"
        for piece, group in zip(text.split("<"), wanted, strict=True):
            number, letter = _NUMBER.search(piece), min(group)[place : place + 1]
            if number and letter.isalpha() and int(number[1]) != ord(letter) - 96:
                return f'"{letter}" is letter {ord(letter) - 96} of the alphabet, not {number[1]}'
        place_of = self.groups.index(part) if part in self.groups else 0
        self.groups = self.groups[:place_of] + wanted + self.groups[place_of + 1 :]
        self.part = None
        if hence and self._read(hence[1]) != self.groups:
            return f"the order is {_shown(self.groups)}"
        return ""

    def _answered(self, text: str) -> str:
        given = [self._word(word) for word in re.findall(r"[^\s\",<]+", text)]
        if given != sorted(self.words):
            return f"the order is {' '.join(sorted(self.words))}"
        return ""

    def _read(self, text: str) -> Groups:
        return tuple(frozenset(map(self._word, _QUOTED.findall(piece))) for piece in text.split("<"))

    def _word(self, raw: str) -> str:
        if raw in self.words:
            return raw
        if raw not in self.near:
            close = difflib.get_close_matches(raw, self.words, n=1, cutoff=0.75)
            self.near[raw] = close[0] if close else raw
        return self.near[raw]


def _split(words: frozenset[str], place: int) -> Groups:
    by_letter: dict[str, set[str]] = {}
    for word in words:
        by_letter.setdefault(word[place : place + 1], set()).add(word)
    return tuple(frozenset(by_letter[letter]) for letter in sorted(by_letter))


def _common(words: frozenset[str]) -> int:
    """How many letters all of them begin with."""
    one, two = min(words), max(words)
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _shown(groups: Groups) -> str:
    return " < ".join(" ? ".join(sorted(group)) if len(group) > 1 else next(iter(group), "nothing") for group in groups)
