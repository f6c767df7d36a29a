"""The recorded programs of `selection_programs`: what a selector may know, the labels apart, and what was executed, kept."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from measuring import rows_of
from soloist.engine import open_sandbox
from soloist_agents.selection.behaviour import Behaviours, How, Seen
from soloist_agents.selection.behaviour_calls import Question, question
from soloist_agents.selection.behaviour_claims import claims_of
from soloist_agents.selection.behaviour_running import observe

CODET = "humaneval_codet100"
TEAMS = ("humaneval_multimodel", "mbpp_multimodel")
SYSTEMS = ("seed:codellama", "seed:starcoder", "seed:gpt-3.5-turbo-0613", "qwen2.5-coder-1.5b-base", "qwen2.5-coder-7b-base")
PATH = "solution.py"
BUILT_IN = frozenset({"round", "set", "abs", "sorted", "tuple", "list", "isclose"})


@dataclass(frozen=True)
class Task:
    """What a selector may know."""

    id: str
    programs: tuple[str, ...]
    order: tuple[int, ...]
    """For each sample the program that it is."""
    authors: tuple[str, ...]
    """Of the programs; "" where all are of one."""
    blind: Question
    """Without the given tests."""
    informed: Question

    @property
    def votes(self) -> list[float]:
        """How many samples each program is."""
        counts = Counter(self.order)
        return [float(counts[at]) for at in range(len(self.programs))]

    @property
    def calls(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.blind.calls, *self.informed.calls]))


def codet_tasks(data: Path) -> list[Task]:
    prompts = {row["task_id"]: row["prompt"] for row in rows_of(data / "humaneval" / "problems.jsonl")}
    return [_codet_task(row, prompts[row["task_id"]]) for row in rows_of(data / CODET / "samples.jsonl")]


def _codet_task(row: Mapping[str, Any], whole_prompt: str) -> Task:
    tests, counts = row["generated_tests"], row["generated_test_count"]
    return Task(
        id=row["task_id"],
        programs=tuple(row["prompt"] + solution for solution in row["solutions"]),
        order=tuple(row["sample_solution"]),
        authors=("",) * len(row["solutions"]),
        blind=question(PATH, row["entry_point"], row["prompt"], tests, counts),
        informed=question(PATH, row["entry_point"], whole_prompt, tests, counts),
    )


def team_tasks(data: Path, name: str) -> list[Task]:
    return [_team_task(row) for row in rows_of(data / name / "samples.jsonl")]


def _team_task(row: Mapping[str, Any]) -> Task:
    weak = [candidate for candidate in row["candidates"] if candidate["system"] in SYSTEMS]
    function = _tested(row["visible_tests"][0], row["entry_point"])
    source = next((c["program"] for c in weak if f"def {function}(" in c["program"]), "")
    blind = question(PATH, function, source).model_copy(update={"examples": ()})
    return Task(
        id=str(row["task_id"]),
        programs=tuple(candidate["program"] for candidate in weak),
        order=tuple(range(len(weak))),
        authors=tuple(candidate["system"] for candidate in weak),
        blind=blind,
        informed=blind.model_copy(update={"examples": claims_of(row["visible_tests"], function)}),
    )


def _tested(test: str, entry: str) -> str:
    """The function that a test calls: a few rows name a helper as their entry point."""
    names = [part.rstrip("(").strip() for part in test.replace("assert", " ").replace("(", "( ").split() if part.endswith("(")]
    called = [name for name in names if name.isidentifier() and name not in BUILT_IN]
    return entry if entry in called or not called else called[0]


def right_of(data: Path, name: str) -> dict[str, list[bool]]:
    """The labels: for scoring alone."""
    rows = rows_of(data / name / "samples.jsonl")
    if name == CODET:
        return {row["task_id"]: row["correct"] for row in rows}
    return {str(row["task_id"]): [c["correct"] for c in row["candidates"] if c["system"] in SYSTEMS] for row in rows}


async def executed(name: str, tasks: Sequence[Task], cache: Path | None, backend: str | None) -> dict[str, Behaviours]:
    """What every program did in every call, from the cache where the same was executed before."""
    known = _cached(cache)
    missing = [task for task in tasks if _key(name, task) not in known]
    if missing:
        sandbox = await open_sandbox("base", backend, print)
        with tempfile.TemporaryDirectory() as empty:
            session = await sandbox.open(Path(empty))
            try:
                for task in missing:
                    seen = await observe(session, task.programs, task.calls, path=PATH, function=task.blind.function)
                    known[_key(name, task)] = seen
                    _keep(cache, _key(name, task), seen)
            finally:
                await session.close()
    return {task.id: known[_key(name, task)] for task in tasks}


def _key(name: str, task: Task) -> str:
    content = json.dumps([task.programs, task.calls, task.blind.function])
    return f"{name} {task.id} {hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _cached(cache: Path | None) -> dict[str, Behaviours]:
    if cache is None or not cache.is_file():
        return {}
    return {entry["key"]: _read(entry) for entry in map(json.loads, cache.read_text().splitlines())}


def _read(entry: Mapping[str, Any]) -> Behaviours:
    palette = [Seen(cast("How", how), same) for how, same in entry["palette"]]
    rows = tuple(tuple(palette[at] for at in row) for row in entry["rows"])
    return Behaviours(tuple(entry["calls"]), rows, entry["seconds"], entry["jobs"])


def _keep(cache: Path | None, key: str, seen: Behaviours) -> None:
    if cache is None:
        return
    palette: dict[Seen, int] = {}
    rows = [[palette.setdefault(cell, len(palette)) for cell in row] for row in seen.rows]
    told = {"key": key, "calls": seen.calls, "rows": rows, "palette": [(cell.how, cell.same) for cell in palette]}
    with cache.open("a") as file:
        file.write(json.dumps({**told, "seconds": seen.seconds, "jobs": seen.jobs}) + "\n")


def asked(seen: Behaviours, about: Question) -> Behaviours:
    """Only the calls that this question makes."""
    at = {call: column for column, call in enumerate(seen.calls)}
    return seen.only([at[call] for call in about.calls])
