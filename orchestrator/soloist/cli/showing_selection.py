"""What a selection came to, for people: votes, claims, and what stopped it."""

from collections.abc import Iterator

from soloist_agents.selection.tally import Group, Tally

SHOWN_GROUPS = 4
SHOWN_CLAIMS = 5
WIDTH = 60
MARKS = {"true": "holds", "false": "is false"}


def told_selection(tally: Tally) -> Iterator[str]:
    """A few lines."""
    likely = f", right with probability {tally.probability:.2f}" if tally.probability is not None else ""
    yield f"{tally.strategy}: {tally.samples} of at most {tally.budget} samples, {tally.voting} with an answer{likely}"
    groups = [_told_group(group) for group in tally.groups[:SHOWN_GROUPS]]
    more = f" and {tally.different - SHOWN_GROUPS} others" if tally.different > SHOWN_GROUPS else ""
    if groups:
        yield f"votes: {', '.join(groups)}{more}"
    for claim in tally.claims[:SHOWN_CLAIMS]:
        by = "run" if claim.by == "execution" else "asked"
        yield f"claim {MARKS.get(claim.verdict, 'is open')} ({by}): {_short(claim.text, 2 * WIDTH)}"
    if tally.false_claims:
        yield f"{tally.false_claims} executed claims of all samples are false"
    yield f"stopped: {tally.why}" if tally.stopped else f"not settled: {tally.why}"
    if tally.note:
        yield tally.note


def _told_group(group: Group) -> str:
    said = f"{group.votes} x {_short(group.answer)}" if group.answer else f"{group.votes} alike"
    return said if group.score == group.votes else f"{said} (weight {group.score:.2f})"


def _short(text: str, width: int = WIDTH) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
