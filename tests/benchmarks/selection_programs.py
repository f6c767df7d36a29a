"""Selection among recorded programs by what they do, run in the sandbox: accuracy of the choice beside known figures.

    python tests/benchmarks/selection_programs.py --data FOLDER [--cache FILE] [--set NAME] [--every K]

Sets: `humaneval_codet100` (100 samples of one weak model with the tests it wrote, without and with the docstring's examples),
`humaneval_multimodel` and `mbpp_multimodel` (one program from each of five weak systems, with the given visible tests). Whether a
program is right is read by `right_of` alone, for scoring. `--cache` keeps what was executed, so that formulas can be
compared without running everything again. Intervals are 95 %, from 2,000 bootstrap samples over tasks.
"""

import argparse
import asyncio
import json
import math
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import line
from selection_programs_sets import CODET, TEAMS, Task, asked, codet_tasks, executed, right_of, team_tasks
from soloist_agents.selection import agreement_scores as scores
from soloist_agents.selection.agreement import choose, leader, ranked
from soloist_agents.selection.agreement_profiles import profiled
from soloist_agents.selection.agreement_scores import Score
from soloist_agents.selection.agreement_stopping import looks, risk
from soloist_agents.selection.behaviour import Behaviours
from soloist_agents.selection.behaviour_calls import Question

FORMULAS: Mapping[str, Score] = {
    "random": lambda profiles, votes: (0.0,) * len(votes),
    "largest cluster": scores.largest,
    "MBR-exec": scores.mbr_exec,
    "CodeT": scores.codet,
    "B4": scores.b4,
    "joint (ours)": scores.joint,
}
KNOWN = {
    CODET: "random 25.7, largest cluster ~30, CodeT 39.3, ceiling ~74",
    TEAMS[0]: "81.5, ceiling 84.2",
    TEAMS[1]: "72.2, ceiling 75.4",
}
EXPECTED = {CODET: "43 or more", TEAMS[0]: "82.5 or more", TEAMS[1]: "73.5 or more"}
ERRORS = (0.0, 0.02, 0.05, 0.1, 0.2)
FIXED = (10, 20, 30, 50, 100)
ORDERS = 3
LEAST_WEIGHT = 0.05


def expected_value(
    task: Task, seen: Behaviours, about: Question, formula: Score, right: Sequence[bool], weights: Sequence[float]
) -> float:
    """The chance that the choice is right when one of the best profiles' samples is drawn: ties are averaged."""
    profiles = profiled(asked(seen, about), about.claims, about.examples)
    votes = profiles.votes(weights)
    found = formula(profiles, votes)
    best = ranked(profiles, votes, formula)[0]
    same = [(profiles.given[at], profiles.usable[at], found[at]) for at in range(len(votes))]
    tied = [at for at, profile in enumerate(profiles.of) if same[profile] == same[best]]
    return sum(task.votes[at] * right[at] for at in tied) / sum(task.votes[at] for at in tied)


def interval(values: Sequence[float]) -> str:
    """`44.5 (34.1 to 55.0)`, in per cent."""
    chance = random.Random(0)  # noqa: S311 - nothing secret
    means = sorted(sum(chance.choices(values, k=len(values))) / len(values) for _ in range(2000))
    return f"{100 * sum(values) / len(values):.1f} ({100 * means[50]:.1f} to {100 * means[1949]:.1f})"


def compared(
    name: str, tasks: Sequence[Task], seen: Mapping[str, Behaviours], right: Mapping[str, Sequence[bool]]
) -> dict[str, Any]:
    """All formulas on one set, one row each."""
    told: dict[str, Any] = {"tasks": len(tasks), "known": KNOWN[name], "expected": EXPECTED[name]}
    line((name, "without examples", "examples first"), (28, 26, 26))
    values: dict[tuple[str, bool], list[float]] = {}
    for formula, score in FORMULAS.items():
        for informed in (False, True):
            values[formula, informed] = [
                expected_value(task, seen[task.id], task.informed if informed else task.blind, score, right[task.id], task.votes)
                for task in tasks
            ]
        line((formula, interval(values[formula, False]), interval(values[formula, True])), (28, 26, 26))
    told["rows"] = {
        f"{formula}{', examples' if informed else ''}": interval(found) for (formula, informed), found in values.items()
    }
    for other in ("CodeT", "MBR-exec"):
        gain = [a - b for a, b in zip(values["joint (ours)", False], values[other, False], strict=True)]
        told[f"joint minus {other}"] = interval(gain)
        line((f"joint minus {other}", interval(gain)), (28, 26))
    line(("ceiling", interval([float(any(right[task.id])) for task in tasks])), (28, 26))
    print(f"known: {KNOWN[name]}; expected: {EXPECTED[name]}", flush=True)
    return told


# --- several authors: votes weighted by how often their programs have held the given tests of *other* tasks


def weighted(tasks: Sequence[Task], seen: Mapping[str, Behaviours], right: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    held = {task.id: _held(task, seen[task.id]) for task in tasks}
    passed, tried = Counter[str](), Counter[str]()
    for task in tasks:
        tried.update(task.authors)
        passed.update(author for author, held_all in zip(task.authors, held[task.id], strict=True) if held_all)
    values = []
    for task in tasks:
        mine = Counter(author for author, held_all in zip(task.authors, held[task.id], strict=True) if held_all)
        shares = [(passed[a] - mine[a] + 1) / (tried[a] - task.authors.count(a) + 2) for a in task.authors]
        weights = [max(LEAST_WEIGHT, math.log(share / (1 - share))) for share in shares]
        values.append(expected_value(task, seen[task.id], task.informed, scores.joint, right[task.id], weights))
    line(("joint, weighted authors", "", interval(values)), (28, 26, 26))
    return {"joint, weighted authors, examples": interval(values)}


def _held(task: Task, seen: Behaviours) -> list[bool]:
    profiles = profiled(asked(seen, task.informed), (), task.informed.examples)
    return [profiles.given[profile] == profiles.examples for profile in profiles.of]


# --- adaptive budgets


@dataclass(frozen=True)
class Look:
    """The choice after so many samples."""

    samples: int
    risk: float
    program: int
    alike: frozenset[int]
    """Programs that do the same in every counted call."""
    right: bool


def walked(task: Task, seen: Behaviours, about: Question, order: Sequence[int], right: Sequence[bool]) -> list[Look]:
    """The choice and its risk after ever more samples, as `agreement_streaming` would see them."""
    found: list[Look] = []
    danger = 1.0
    rows, asked_at = asked(seen, about), set(looks(len(order)))
    for samples in sorted({*asked_at, *(n for n in FIXED if n <= len(order))}):
        taken = order[:samples]
        prefix = Behaviours(rows.calls, tuple(rows.rows[at] for at in taken))
        profiles = profiled(prefix, about.claims, about.examples)
        votes = profiles.votes([1.0] * samples)
        best = leader(profiles, votes)
        left = len(order) - samples
        if danger > 0 and samples in asked_at:  # once no future turns the choice, every error bound has stopped
            stays = profiles.usable[best] and profiles.given[best] == profiles.examples
            danger = risk(profiles, votes, left) if stays and left else float(left > 0)
        program = taken[profiles.of.index(best)]
        alike = {
            at for at, profile in zip(taken, profiles.of, strict=True) if profiles.clusters[profile] == profiles.clusters[best]
        }
        found.append(Look(samples, danger, program, frozenset(alike), right[program]))
    return found


def adaptive(tasks: Sequence[Task], seen: Mapping[str, Behaviours], right: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    """Accuracy against samples used; averaged over the recorded order and shuffles of it."""
    told: dict[str, Any] = {}
    for informed in (False, True):
        walks = [_walks(task, seen[task.id], task.informed if informed else task.blind, right[task.id]) for task in tasks]
        line(("examples first" if informed else "without examples", "right, %", "samples"), (28, 26, 10))
        for samples in FIXED:
            values = [_mean(float(_at(walk, samples).right) for walk in of_task) for of_task in walks]
            line((f"fixed {samples}", interval(values), samples), (28, 26, 10))
            told[f"fixed {samples}{', examples' if informed else ''}"] = interval(values)
        for error in ERRORS:
            stops = [[_stop(walk, error) for walk in of_task] for of_task in walks]
            values = [_mean(float(look.right) for look in of_task) for of_task in stops]
            whole = [_mean(float(walk[-1].right) for walk in of_task) for of_task in walks]
            used = _mean(look.samples for of_task in stops for look in of_task)
            turned = _mean(
                float(look.program not in walk[-1].alike)
                for of_walks, of_stops in zip(walks, stops, strict=True)
                for walk, look in zip(of_walks, of_stops, strict=True)
            )
            gain = interval([a - b for a, b in zip(values, whole, strict=True)])
            said = f"minus fixed 100: {gain}; another behaviour: {100 * turned:.1f} %"
            line((f"adaptive, error {error}", interval(values), used, said), (28, 26, 10, 40))
            key = f"adaptive {error}{', examples' if informed else ''}"
            told[key] = {
                "right": interval(values),
                "samples": round(used, 1),
                "gain": gain,
                "another behaviour": round(turned, 3),
            }
    return told


def _walks(task: Task, seen: Behaviours, about: Question, right: Sequence[bool]) -> list[list[Look]]:
    orders = [list(task.order) for _ in range(ORDERS)]
    for number, order in enumerate(orders[1:], 1):
        random.Random(number).shuffle(order)  # noqa: S311 - nothing secret
    return [walked(task, seen, about, order, right) for order in orders]


def _at(walk: Sequence[Look], samples: int) -> Look:
    return next(look for look in walk if look.samples >= samples)


def _stop(walk: Sequence[Look], error: float) -> Look:
    asked_at = set(looks(walk[-1].samples))
    return next(look for look in walk if look.samples in asked_at and look.risk <= error)


def _mean(values: Any) -> float:
    found = list(values)
    return sum(found) / len(found)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the evaluation material (no part of this repository)")
    parser.add_argument("--cache", type=Path, help="file that keeps what was executed")
    parser.add_argument("--set", dest="sets", action="append", choices=(CODET, *TEAMS), help="only this set; may be repeated")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only every Kth task")
    parser.add_argument("--backend", help="docker or bubblewrap; by default the first that works")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the tables")
    typed = parser.parse_args()
    data, told = typed.data.resolve(), {}
    for name in typed.sets or (CODET, *TEAMS):
        tasks = (codet_tasks(data) if name == CODET else team_tasks(data, name))[:: typed.every]
        started = time.monotonic()
        seen = await executed(name, tasks, typed.cache, typed.backend)
        right = right_of(data, name)
        told[name] = compared(name, tasks, seen, right)
        told[name] |= adaptive(tasks, seen, right) if name == CODET else weighted(tasks, seen, right)
        jobs, seconds = sum(b.jobs for b in seen.values()), sum(b.seconds for b in seen.values())
        told[name]["cost"] = (
            f"{jobs} jobs in {seconds:.0f} s of sandbox; {_selection_cost(tasks, seen):.2f} ms of CPU per sample to select"
        )
        print(f"{told[name]['cost']}; {time.monotonic() - started:.0f} s in all\n", flush=True)
    if typed.json:
        typed.json.write_text(json.dumps(told, indent=1))


def _selection_cost(tasks: Sequence[Task], seen: Mapping[str, Behaviours]) -> float:
    started = time.process_time()
    for task in tasks:
        choose(asked(seen[task.id], task.informed), task.informed.claims, task.informed.examples, task.votes)
    return 1000 * (time.process_time() - started) / sum(len(task.order) for task in tasks)


if __name__ == "__main__":
    asyncio.run(main())
