"""The program in a final answer."""

from collections.abc import Sequence

from soloist_agents.extract.names import bound, defines, wanted
from soloist_agents.extract.pieces import Piece, bare_pieces, fenced_pieces


def python_program(text: str, name: str | None = None) -> str | None:
    """The program that the final answer gives, ending in a line feed; None when it gives none.

    With a `name` (`f` or `Class.method`): the last fence that defines it. Without: the last one, fences that say they are Python
    before those that say nothing. What it reads and doesn't bind is looked for in the other fences, and those that bind it are
    put before it. An answer without such fences may be bare code, with or without prose around it. Code that doesn't parse and
    transcripts of a prompt are no programs.
    """
    for pieces in (fenced_pieces(text), bare_pieces(text)):
        chosen = _chosen(pieces, name)
        if chosen is not None:
            return "\n".join(piece.code for piece in _together(pieces, chosen))
    return None


def _chosen(pieces: Sequence[Piece], name: str | None) -> int | None:
    fitting = [place for place, piece in enumerate(pieces) if name is None or defines(piece.body, name)]
    named = [place for place in fitting if pieces[place].named]
    return max(named or fitting, default=None)


def _together(pieces: Sequence[Piece], chosen: int) -> list[Piece]:
    """The chosen piece, after those that bind what it reads; of several the nearest before it, else the first after it."""
    order = [*range(chosen - 1, -1, -1), *range(chosen + 1, len(pieces))]
    taken, missing = {chosen}, wanted(pieces[chosen].body)
    for place in order:
        found = bound(pieces[place].body) & missing
        if found:
            taken.add(place)
            missing = (missing - found) | wanted(pieces[place].body)
    return [pieces[place] for place in sorted(taken - {chosen})] + [pieces[chosen]]
