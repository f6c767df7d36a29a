"""First mistakes in chains of steps that a program can check."""

import pytest
from soloist_agents.selection.steps import Mistake, arithmetic_mistake, bracket_mistake, first_mistake, sorting_mistake

ROW = "( { } <"
BRACKETS = (
    "We should process each input one by one and keep track of the stack configuration.",
    "stack: empty",
    "( ; stack: (",
    "{ ; stack: ( {",
    "} ; stack: (",
    "< ; stack: ( <",
    'Now, we have reached the end. The final stack is "( <".',
    'We will need to pop out "<", "(" one by one in that order.',
    'So, we need ">", ")". So the answer is > )',
)
SUM = "((2 + 3 * 4) - (5 - -1)) ="
ARITHMETIC = (
    'This equation can be written as "A - B", where A = (2 + 3 * 4) and B = (5 - -1).',
    "Let's calculate A = (2 + 3 * 4) = (2 + 12) = 14.",
    "Let's calculate B = (5 - -1) = (5 + 1) = 6.",
    "Then, the final equation is A - B = 14 - 6 = 8. So the answer is 8",
)
WORDS = "pear apple plum peach"
SORTING = (
    'The first letter: "pear": "p" (16). "apple": "a" (1). "plum": "p" (16). "peach": "p" (16).',
    'We now have: (1) "apple" < (16) ["pear" ? "plum" ? "peach"].',
    'Now let\'s sort this subpart ["pear" ? "plum" ? "peach"] by looking at their second letters. '
    'The second letter: "pear": "e" (5). "plum": "l" (12). "peach": "e" (5).',
    'We now have: (5) ["pear" ? "peach"] < (12) "plum" for the subpart. Hence, we have "apple" < ["pear" ? "peach"] < "plum".',
    'Now let\'s sort this subpart ["pear" ? "peach"] by looking at their fourth letters. The fourth letter: "pear": "r" (18). '
    '"peach": "c" (3).',
    'We now have: (3) "peach" < (18) "pear" for the subpart. Hence, we have "apple" < "peach" < "pear" < "plum".',
    "I have now sorted all the words. The answer is apple peach pear plum",
)


def step(mistake: Mistake | None) -> int | None:
    return mistake.step if mistake else None


def changed(steps: tuple[str, ...], number: int, old: str, new: str) -> list[str]:
    assert old in steps[number]
    return [text.replace(old, new) if n == number else text for n, text in enumerate(steps)]


@pytest.mark.parametrize(("question", "steps", "family"), [(ROW, BRACKETS, "brackets"), (SUM, ARITHMETIC, "arithmetic")])
def test_right_chains(question: str, steps: tuple[str, ...], family: str) -> None:
    """A chain without a mistake is left alone, and its family is read off the question."""
    assert first_mistake(question, steps) == (family, None)


def test_no_family() -> None:
    """A question in prose belongs to no family that a program knows."""
    assert first_mistake("On a shelf, there are seven books. Which one is the newest?", ["It is the red one."]) is None


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (3, "( {", "{"),
        (4, "stack: (", "stack: empty"),
        (4, "}", ")"),
        (6, "( <", "("),
        (7, '"<", "("', '"(", "<"'),
        (8, "answer is > )", "answer is >"),
    ],
)
def test_brackets(number: int, old: str, new: str) -> None:
    """A wrong stack, another symbol, a wrong end and a wrong answer are found at their step."""
    assert step(bracket_mistake(ROW, changed(BRACKETS, number, old, new))) == number


def test_brackets_left_unread() -> None:
    """An end before all symbols have been read is a mistake."""
    assert step(bracket_mistake(ROW, [*BRACKETS[:5], *BRACKETS[6:]])) == 5


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (0, "3 * 4", "3 + 4"),
        (1, "(2 + 12)", "(2 + 11)"),
        (2, "= 6", "= 4"),
        (3, "= 8.", "= 9."),
        (3, "14 - 6", "14 - 4"),
        (3, "answer is 8", "answer is 7"),
    ],
)
def test_arithmetic(number: int, old: str, new: str) -> None:
    """A wrong set-up, a false equality, another part's value and another answer are found at their step."""
    assert step(arithmetic_mistake(SUM, changed(ARITHMETIC, number, old, new))) == number


def test_arithmetic_set_up_can_be_taken_as_it_is() -> None:
    """Where the set-up is not judged, only what the steps compute is."""
    steps = ['This equation can be written as "A - B", where A = (1 + 1) and B = (3).', "A = (1 + 1) = 2.", "A - B = 2 - 3 = 0."]
    assert step(arithmetic_mistake("9 - 3", steps)) == 0
    assert step(arithmetic_mistake("9 - 3", steps, setup=False)) == 2


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (0, '"plum": "p" (16). ', ""),
        (0, '"a" (1)', '"a" (2)'),
        (1, ' ? "peach"', ""),
        (2, '"l" (12)', '"u" (21)'),
        (3, '"apple" < ["pear" ? "peach"] < "plum"', '"apple" < "plum" < ["pear" ? "peach"]'),
        (4, '["pear" ? "peach"]', '["pear" ? "plum"]'),
        (5, '(3) "peach" < (18) "pear"', '(3) "pear" < (18) "peach"'),
        (6, "apple peach", "peach apple"),
    ],
)
def test_sorting(number: int, old: str, new: str) -> None:
    """Left-out words, wrong letters and numbers, wrong orders and groups that don't exist are found at their step."""
    assert sorting_mistake(WORDS, SORTING) is None
    assert step(sorting_mistake(WORDS, changed(SORTING, number, old, new))) == number


def test_sorting_tolerates_a_misspelt_word() -> None:
    """A word that is near to just one of the question's is taken for it."""
    assert sorting_mistake("umbrella thenceforth", ['The first letter: "umbrella": "u" (21). "thencefort": "t" (20).']) is None


def test_sorting_goes_on_too_early() -> None:
    """Opening another group while an earlier one is not settled is a mistake."""
    words = "ab ac bb bc"
    steps = [
        'The first letter: "ab": "a" (1). "ac": "a" (1). "bb": "b" (2). "bc": "b" (2).',
        'We now have: (1) ["ab" ? "ac"] < (2) ["bb" ? "bc"].',
        'Now let\'s sort this subpart ["bb" ? "bc"] by looking at their second letters. '
        'The second letter: "bb": "b" (2). "bc": "c" (3).',
    ]
    assert step(sorting_mistake(words, steps)) == 2
