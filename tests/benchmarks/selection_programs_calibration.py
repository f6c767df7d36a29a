"""How likely a program that samples agree on is right: Platt's sigmoid, fitted on recorded samples, and how well it holds.

    python tests/benchmarks/selection_programs_calibration.py --data FOLDER [--cache FILE] [--every K]

From each task's 100 recorded samples (`humaneval_codet100`, one weak model) random ones are drawn as a user would have them: 8,
16 or 32 at most, with five of the recorded tests each. A program is chosen when the trial would stop, without examples and with
the docstring's; its figures and whether it is right (read here alone) are what is fitted. The error is told for tasks that were
left out of the fit, and for the two sets of five other systems' programs, which no fit has seen. `--cache`: as in
`selection_programs`, a file that keeps what was executed.
"""

import argparse
import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from measuring import line
from selection_programs_sets import CODET, TEAMS, Task, asked, codet_tasks, executed, right_of, team_tasks
from soloist_agents.selection.agreement import Choice, choose, described, leader
from soloist_agents.selection.agreement_profiles import profiled
from soloist_agents.selection.agreement_stopping import looks
from soloist_agents.selection.behaviour import Behaviours
from soloist_agents.selection.behaviour_calls import Question
from soloist_agents.selection.behaviour_claims import Claim
from soloist_agents.selection.calibration import PROGRAMS, PROGRAMS_WITH_EXAMPLES, Pair, brier, calibration_error, diagram, platt
from soloist_agents.selection.choice_report import probability, support
from soloist_agents.trials.programs import stops

BUDGETS: Final = (8, 16, 32)
DRAWS: Final = 6
"""Random sets of samples, for each task and budget."""
TESTS: Final = 5
"""Tests that a sample brings."""
FOLDS: Final = 10
Figure = Callable[[Choice], float]
FIGURES: Mapping[str, Figure] = {
    "support": support,
    "share": lambda choice: choice.share,
    "agreement": lambda choice: choice.agreement,
    "share x agreement": lambda choice: choice.share * choice.agreement,
    "sqrt(support x agreement)": lambda choice: math.sqrt(support(choice) * choice.agreement),
}


WIDTHS: Final = (36, 26, 8, 6, 6, 10, 10, 10)
BOOTSTRAPS: Final = 400


@dataclass(frozen=True)
class Chosen:
    """One choice, and its truth."""

    task: str
    budget: int
    choice: Choice
    right: bool


def drawn(task: Task, question: Question, seen: Behaviours, right: Sequence[bool]) -> list[Chosen]:
    """Choices among random samples of one task, when the trial would stop."""
    rows = asked(seen, question)
    found = []
    for budget in BUDGETS:
        for number in range(DRAWS):
            chance = random.Random(f"{task.id} {budget} {number}")  # noqa: S311 - nothing secret
            order = chance.sample(task.order, budget)
            tests = (
                chance.choices(question.claims, [c.count for c in question.claims], k=TESTS * budget) if question.claims else []
            )
            choice = stopped(Behaviours(rows.calls, tuple(rows.rows[at] for at in order)), question, tests)
            found.append(Chosen(task.id, budget, choice, right[order[choice.program]]))
    return found


def stopped(seen: Behaviours, question: Question, tests: Sequence[Claim]) -> Choice:
    """The choice among as many of the first rows as the trial would take; each brings its share of the tests."""
    for look in looks(len(seen.rows)):
        counts = Counter(tests[: TESTS * look])
        claims = [claim.model_copy(update={"count": count}) for claim, count in counts.items()]
        unknown = {c.arguments for c in question.claims} - {c.arguments for c in (*claims, *question.examples)}
        rows = Behaviours(seen.calls, seen.rows[:look]).only([at for at, call in enumerate(seen.calls) if call not in unknown])
        profiles = profiled(rows, claims, question.examples)
        votes = profiles.votes([1.0] * look)
        choice = described(profiles, votes, leader(profiles, votes))
        if stops(profiles, votes, choice, len(seen.rows) - look):
            break
    return choice


def chosen_by_team(task: Task, question: Question, seen: Behaviours, right: Sequence[bool]) -> Chosen:
    """The choice among one program of each system."""
    choice = choose(asked(seen, question), question.claims, question.examples)
    return Chosen(task.id, len(task.order), choice, right[choice.program])


Said = tuple[Chosen, float]
"""A choice, and the probability that was given."""


def left_out(found: Sequence[Chosen], figure: Figure) -> list[Said]:
    """Each choice with the probability by a fit on other tasks."""
    fold = {task: number % FOLDS for number, task in enumerate(sorted({one.task for one in found}))}
    fits = [platt([(figure(one.choice), one.right) for one in found if fold[one.task] != number]) for number in range(FOLDS)]
    return [(one, fits[fold[one.task]].probability(figure(one.choice))) for one in found]


def as_shipped(found: Sequence[Chosen]) -> list[Said]:
    """Each choice with the probability that a report would give; those without one are left out."""
    said = ((one, probability(one.choice)) for one in found)
    return [(one, likely) for one, likely in said if likely is not None]


def row(name: str, said: Sequence[Said]) -> None:
    """Errors of all, with a 95 % interval over tasks, and by budget."""
    pairs = [(likely, one.right) for one, likely in said]
    budgets = [[(likely, one.right) for one, likely in said if one.budget == n] for n in BUDGETS]
    cells = [f"{calibration_error(each):.3f}" if each else "" for each in budgets]
    means = (f"{sum(likely for likely, _ in pairs) / len(pairs):.2f}", f"{sum(right for _, right in pairs) / len(pairs):.2f}")
    line((name, f"{calibration_error(pairs):.3f} {interval(said)}", f"{brier(pairs):.3f}", *means, *cells), WIDTHS)


def interval(said: Sequence[Said]) -> str:
    """Of the calibration error; from bootstrap samples of tasks, so a little too high: they are coarser than the tasks."""
    by_task: dict[str, list[Pair]] = {}
    for one, likely in said:
        by_task.setdefault(one.task, []).append((likely, one.right))
    chance, tasks = random.Random(0), list(by_task.values())  # noqa: S311 - nothing secret
    errors = sorted(
        calibration_error([pair for task in chance.choices(tasks, k=len(tasks)) for pair in task]) for _ in range(BOOTSTRAPS)
    )
    return f"({errors[BOOTSTRAPS // 40]:.3f} to {errors[-1 - BOOTSTRAPS // 40]:.3f})"


def drawing(name: str, said: Sequence[Said]) -> None:
    """The reliability diagram, in text: how often it held (bar), and what was said (|)."""
    print(f"\n{name}")
    for bar in diagram([(likely, one.right) for one, likely in said]):
        cells = list(("#" * round(40 * bar.held)).ljust(41))
        cells[round(40 * bar.said)] = "|"
        print(f"  {bar.low:.1f}-{bar.high:.1f}  {''.join(cells)}  said {bar.said:.2f}, held {bar.held:.2f}, of {bar.count}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation material (no part of this repository)")
    parser.add_argument("--cache", type=Path, help="file that keeps what was executed")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every Kth task")
    parser.add_argument("--backend", help="docker or bubblewrap; by default the first that works")
    typed = parser.parse_args()
    data = typed.data.resolve()
    tasks = codet_tasks(data)[:: typed.every]
    seen, right = await executed(CODET, tasks, typed.cache, typed.backend), right_of(data, CODET)
    blind = [one for task in tasks for one in drawn(task, task.blind, seen[task.id], right[task.id])]
    given = [one for task in tasks for one in drawn(task, task.informed, seen[task.id], right[task.id])]
    held = [one for one in given if 0 < one.choice.examples == one.choice.examples_met]

    line((f"{len(tasks)} tasks, fitted on others", "ECE", "Brier", "said", "held", *(f"ECE of {n}" for n in BUDGETS)), WIDTHS)
    always = sum(one.right for one in blind) / len(blind)
    row("the share of all", [(one, always) for one in blind])
    for name, figure in FIGURES.items():
        row(name, left_out(blind, figure))
    row("support, examples hold", left_out(held, support))
    for name, found, shipped in (("without examples", blind, PROGRAMS), ("examples hold", held, PROGRAMS_WITH_EXAMPLES)):
        fit = platt([(support(one.choice), one.right) for one in found])
        print(f"{name}: slope {fit.slope:.2f}, offset {fit.offset:.2f} fitted on all {len(found)}; shipped: {shipped}")

    print()
    line(("as shipped", "ECE", "Brier", "said", "held"), WIDTHS)
    row("without examples", as_shipped(blind))
    row("examples hold", as_shipped(held))
    for name in TEAMS:
        others = team_tasks(data, name)[:: typed.every]
        seen, right = await executed(name, others, typed.cache, typed.backend), right_of(data, name)
        for told, of in (("", lambda task: task.blind), (", examples hold", lambda task: task.informed)):
            chosen = [chosen_by_team(task, of(task), seen[task.id], right[task.id]) for task in others]
            row(f"{name}{told}", as_shipped(chosen))
    drawing("fitted on other tasks, without examples", left_out(blind, support))
    drawing("fitted on other tasks, where the given examples hold", left_out(held, support))


if __name__ == "__main__":
    asyncio.run(main())
