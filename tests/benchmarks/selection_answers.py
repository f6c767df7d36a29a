"""Votes on recorded answers: majority, weighted and CLR, fixed and adaptive, beside what is known of each set.

    python tests/benchmarks/selection_answers.py --data FOLDER [--only svamp] [--svg FOLDER] [--execute]

Nothing is sampled here; the answers were recorded from models by others. Selecting sees ballots, scoring sees keys, and what
learns from history is tested on other questions than it learned from. Intervals are 95 %: Wilson's for a share, a bootstrap over
questions for a mean of several orders or splits. In svamp_pot30 the recorded order is not that of drawing (equal programs stand
together), so the shuffled columns are the ones that tell about stopping.
"""

import argparse
import asyncio
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measuring import line, wilson
from selection_answers_clr import clr_simulation, cost
from selection_answers_sets import Question, Recorded, ceiling, cruxeval, gsm8k, mathematics, svamp
from selection_answers_steps import steps_table
from selection_answers_votes import Way, answer_of, calibrated, calibrated_weights, judged, vote
from soloist_agents.selection.ballot import Ballot
from soloist_agents.selection.race import Certain, Posterior, Rule, Worst
from soloist_agents.selection.reliability import Reliability, estimated, learned

WIDTHS = (46, 34, 10, 22, 40)
SHUFFLES = 10
SPLITS = 10
SYSTEMS = 6
"""Of gsm8k_candidates."""
DELTAS = (0.05, 0.01)


@dataclass
class Tally:
    """What came of a way, by question; each list holds one value for every order that was tried."""

    hits: list[list[bool]]
    used: list[list[int]]
    differs: list[list[bool]]


def tally(recorded: Recorded, way: Way, shuffles: int) -> Tally:
    """Votes on all questions, in the recorded order and, after that, in shuffled ones."""
    found = Tally([], [], [])
    full = Way(way.name, way.weigh, samples=way.samples)
    for place, question in enumerate(recorded.questions):
        key, hits, used, differs = recorded.keys[question.id], list[bool](), list[int](), list[bool]()
        for turn in range(shuffles + 1):
            order = list(range(len(question.ballots)))
            if turn:
                random.Random(1000 * turn + place).shuffle(order)  # noqa: S311  # nothing secret
            standing = vote(question, recorded, way, order)
            hits.append(key(answer_of(standing)))
            used.append(standing.samples)
            differs.append(answer_of(standing) != answer_of(vote(question, recorded, full, order)))
        found.hits.append(hits)
        found.used.append(used)
        found.differs.append(differs)
    return found


def show(found: Tally, way: Way, known: str = "") -> None:
    """A row: in the recorded order; then over shuffled ones."""
    hits, of = sum(each[0] for each in found.hits), len(found.hits)
    low, high = wilson(hits, of)
    samples = statistics.mean(each[0] for each in found.used)
    cells: list[object] = [way.name, f"{100 * hits / of:.1f} ({100 * low:.1f}-{100 * high:.1f})", f"{samples:.2f}"]
    if len(found.hits[0]) > 1:
        means = [statistics.mean(each[1:]) for each in found.hits]
        low, high = bootstrap(means)
        used = statistics.mean(statistics.mean(each[1:]) for each in found.used)
        off = statistics.mean(statistics.mean(each[1:]) for each in found.differs)
        cells += [
            f"{100 * statistics.mean(means):.1f} ({100 * low:.1f}-{100 * high:.1f})",
            f"n {used:.2f}, other leader {100 * off:.1f} %",
        ]
    line([*cells, known], WIDTHS)


def bootstrap(values: Sequence[float], *, rounds: int = 1000) -> tuple[float, float]:
    """The middle 95 % of the mean, drawing questions with replacement."""
    draw = random.Random(7)  # noqa: S311  # nothing secret
    means = sorted(statistics.fmean(draw.choices(values, k=len(values))) for _ in range(rounds))
    return means[int(0.025 * rounds)], means[int(0.975 * rounds)]


def heading(title: str) -> None:
    """Of a table."""
    print(f"\n## {title}")
    line(["way", "recorded order: % right (95 %)", "samples", "shuffled: % right", ""], WIDTHS)


def split_accuracy(recorded: Recorded, rule: Callable[[Reliability], Way]) -> tuple[float, tuple[float, float], float]:
    """Learn on one half, test on the other, both ways, for several splits: mean, 95 % over questions, samples on average."""
    history = judged(recorded)
    hits: dict[str, list[float]] = {question.id: [] for question in recorded.questions}
    used: list[int] = []
    for seed in range(SPLITS):
        questions = list(recorded.questions)
        random.Random(seed).shuffle(questions)  # noqa: S311  # nothing secret
        for half in (0, 1):
            way = rule(learned([history[question.id] for question in questions[half::2]]))
            for question in questions[1 - half :: 2]:
                standing = vote(question, recorded, way)
                hits[question.id].append(recorded.keys[question.id](answer_of(standing)))
                used.append(standing.samples)
    means = [statistics.fmean(each) for each in hits.values()]
    return statistics.fmean(means), bootstrap(means), statistics.fmean(used)


def show_split(name: str, recorded: Recorded, rule: Callable[[Reliability], Way], known: str = "") -> None:
    """A row of `split_accuracy`."""
    mean, (low, high), used = split_accuracy(recorded, rule)
    line([name, "", "", f"{100 * mean:.1f} ({100 * low:.1f}-{100 * high:.1f})", f"n {used:.2f}", known], WIDTHS)


def svamp_table(data: Path) -> None:
    """Thirty samples of one model."""
    recorded = svamp(data)
    heading(
        f"svamp_pot30, {len(recorded.questions)} questions, ceiling {100 * ceiling(recorded) / len(recorded.questions):.1f} %"
    )
    doubting, most = Reliability().weight, Reliability().most
    ways = [
        (Way("majority of 10", samples=10), "known 85.6"),
        (Way("majority of 30"), "known 88.1"),
        (Way("majority, certain stop", rule=Certain()), ""),
        *((Way(f"majority, posterior {delta}", rule=Posterior(delta)), "") for delta in DELTAS),
        *((Way(f"majority, worst case {delta}", rule=Worst(delta)), "") for delta in DELTAS),
        (Way("weighted by executed claims, 10", doubting, samples=10), ""),
        (Way("weighted by executed claims, 30", doubting), "expected above 89"),
        *(
            (Way(f"weighted, posterior {delta}", doubting, Posterior(delta), most=most), "expected 88.1 with 10 or fewer")
            for delta in DELTAS
        ),
        *((Way(f"weighted, worst case {delta}", doubting, Worst(delta), most=most), "") for delta in DELTAS),
    ]
    for way, known in ways:
        show(tally(recorded, way, SHUFFLES), way, known)
    show_split("weighted, learned on one half, 30", recorded, lambda told: Way("", told.weight))
    calibrated(recorded, Way("support of the majority of 30"), "majority, support")
    calibrated(recorded, Way("support", doubting, Posterior(0.05), most=most), "weighted adaptive, support")


def gsm8k_table(data: Path) -> None:
    """Six systems of different strength, one answer each."""
    recorded = gsm8k(data)
    count = len(recorded.questions)
    heading(f"gsm8k_candidates, {count} questions, ceiling {100 * ceiling(recorded) / count:.1f} %")
    for author in sorted({ballot.author for question in recorded.questions for ballot in question.ballots}):
        right = sum(recorded.keys[q.id](b.answer) for q in recorded.questions for b in q.ballots if b.author == author)
        low, high = wilson(right, count)
        line([f"alone: {author}", f"{100 * right / count:.1f} ({100 * low:.1f}-{100 * high:.1f})", "1"], WIDTHS)
    for way, known in ((Way("plain vote"), "known 64.4"), (Way("executed claims, authors alike", Reliability().weight), "")):
        show(tally(recorded, way, 0), way, known)
    unlabelled = [(told.ballots, told.clusters) for told in judged(recorded).values()]
    way = Way("authors by EM, no labels, executed claims", estimated(unlabelled).weight)
    show(tally(recorded, way, 0), way)
    show_split(
        "learned on one half, tested on the other",
        recorded,
        lambda told: Way("", told.weight),
        "expected 75; hand 74.6, best 71.5",
    )
    best_first = reordered(recorded)
    order = [ballot.author for ballot in next(q for q in best_first.questions if len(q.ballots) == SYSTEMS).ballots]
    for asked in (2, 3, 4):
        show_split(f"  the same, best {asked} only", best_first, lambda told, asked=asked: Way("", told.weight, samples=asked))
    rules: tuple[Rule, ...] = (Certain(), Posterior(0.05), Posterior(0.1), Posterior(0.2))
    for rule in rules:
        name = f"  best first, {type(rule).__name__} {getattr(rule, 'delta', '')}"
        show_split(name, best_first, lambda told, rule=rule: Way("", told.weight, rule, most=_weights(told, order)))
    calibrated_weights(recorded)


def reordered(recorded: Recorded) -> Recorded:
    """Authors in the order in which an unlabelled EM trusts them, so that the best is asked first."""
    trust = estimated([(told.ballots, told.clusters) for told in judged(recorded).values()]).authors
    questions = tuple(
        Question(question.id, tuple(sorted(question.ballots, key=lambda ballot: -trust.get(ballot.author, 0))))
        for question in recorded.questions
    )
    return Recorded(recorded.name, questions, recorded.keys, recorded.sameness)


def _weights(told: Reliability, authors: Sequence[str]) -> tuple[float, ...]:
    """The most that each author's vote can weigh."""
    return tuple(told.weight(Ballot(answer="0", index=0, author=author)) for author in authors)


def mathematics_table(data: Path) -> None:
    """Eight samples of one model, boxes compared by algebra."""
    recorded = mathematics(data)
    count = len(recorded.questions)
    heading(f"math_qwen8, {count} problems, ceiling {100 * ceiling(recorded) / count:.1f} %")
    doubting, most = Reliability().weight, Reliability().most
    ways = [
        (Way("first sample", samples=1), ""),
        (Way("majority of 4", samples=4), ""),
        (Way("majority of 8"), "known 93, reward model 94; expected 94"),
        (Way("weighted by executed claims, 8", doubting), ""),
        (Way("majority, certain stop", rule=Certain()), ""),
        *((Way(f"majority, posterior {delta}", rule=Posterior(delta)), "") for delta in DELTAS),
        (Way("weighted, posterior 0.05", doubting, Posterior(0.05), most=most), ""),
    ]
    for way, known in ways:
        show(tally(recorded, way, SHUFFLES), way, known)


def cruxeval_table(data: Path, *, execute: bool) -> None:
    """Two models say what a function returns; running it settles the matter."""
    recorded = cruxeval(data)
    count = len(recorded.questions)
    heading(f"cruxeval_cot, outputs, {count} functions, ceiling of the traces {100 * ceiling(recorded) / count:.1f} %")
    for place in (0, 1):
        right = sum(recorded.keys[q.id](q.ballots[place].answer) for q in recorded.questions)
        low, high = wilson(right, count)
        author = recorded.questions[0].ballots[place].author
        line(
            [f"alone: {author}", f"{100 * right / count:.1f} ({100 * low:.1f}-{100 * high:.1f})", "1", "", "", "known 56.0"],
            WIDTHS,
        )
    show_split("not run: weights learned on one half", recorded, lambda told: Way("", told.weight))
    calibrated_weights(recorded)
    if execute:
        from selection_answers_executed import executed_table

        asyncio.run(executed_table(data))


def main() -> None:
    """All tables, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation material (no part of this repository)")
    parser.add_argument(
        "--only", action="append", default=[], help="svamp, gsm8k, math, cruxeval, steps, clr or cost; may be repeated"
    )
    parser.add_argument("--svg", type=Path, help="folder for the plot of the simulation")
    parser.add_argument("--execute", action="store_true", help="settle cruxeval's claims in the sandbox")
    typed = parser.parse_args()
    tables: dict[str, Callable[[], None]] = {
        "svamp": lambda: svamp_table(typed.data),
        "gsm8k": lambda: gsm8k_table(typed.data),
        "math": lambda: mathematics_table(typed.data),
        "cruxeval": lambda: cruxeval_table(typed.data, execute=typed.execute),
        "steps": lambda: steps_table(typed.data),
        "clr": lambda: clr_simulation(typed.svg),
        "cost": cost,
    }
    unknown = sorted(set(typed.only) - tables.keys())
    if unknown:
        sys.exit(f"there is no table {unknown[0]!r}; name one of {', '.join(tables)}")
    for name, table in tables.items():
        if not typed.only or name in typed.only:
            table()


if __name__ == "__main__":
    main()
