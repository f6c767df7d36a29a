"""Text that goes round in circles."""

LOOK = 4_000
"""Characters at the end that are looked at."""
LEAST = 1_200
"""A shorter repetition may well be meant: a ruler of dashes, a row of a table."""
ROUNDS = 6
"""The same piece so often, one after the other, is a loop."""


def ends_in_a_loop(text: str) -> bool:
    """True when the text ends in one piece repeated over and over. A loop that the model left again is none."""
    tail = text.rstrip()[-LOOK:]
    if len(tail) < LEAST:
        return False
    same = _prefixes(tail[::-1])
    return any(
        period + length >= max(LEAST, ROUNDS * period) for period, length in enumerate(same[: len(tail) // ROUNDS + 1]) if period
    )


def _prefixes(text: str) -> list[int]:
    """For each place, how much of the text's beginning stands there again (the Z function; linear)."""
    found = [0] * len(text)
    left = right = 0
    for place in range(1, len(text)):
        length = min(right - place, found[place - left]) if place < right else 0
        while place + length < len(text) and text[length] == text[place + length]:
            length += 1
        found[place] = length
        if place + length > right:
            left, right = place, place + length
    return found
