"""Which checker knows the family of a question."""

import re
from collections.abc import Callable, Sequence

from soloist_agents.selection.steps.arithmetic import arithmetic_mistake
from soloist_agents.selection.steps.brackets import bracket_mistake
from soloist_agents.selection.steps.mistake import Mistake
from soloist_agents.selection.steps.sorting import sorting_mistake

_CHECKERS: tuple[tuple[str, re.Pattern[str], Callable[[str, Sequence[str]], Mistake | None]], ...] = (
    ("brackets", re.compile(r"[][(){}<>\s]+"), bracket_mistake),
    ("arithmetic", re.compile(r"[-+*/().\d\s]*\d[-+*/().\s]*=?\s*"), arithmetic_mistake),
    ("sorting", re.compile(r"[a-z'&-]+(?:\s+[a-z'&-]+)+\s*"), sorting_mistake),
)


def first_mistake(question: str, steps: Sequence[str]) -> tuple[str, Mistake | None] | None:
    """(family, its first mistake or None) where a program knows the family: "brackets", "arithmetic" or "sorting".

    None where no checker knows what the steps must say. The family is read off the question alone.
    """
    for family, form, checker in _CHECKERS:
        if form.fullmatch(question):
            return family, checker(question, steps)
    return None
